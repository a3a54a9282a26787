/**
 * The thread in which a range is verified, so that the page stays quick. One request, then progress, then its end.
 */

import type { Bytes } from './bytes';
import { checkEntries, type RangeFindings } from './range';
import { SignedTree } from './signed-tree';
import { LogSource } from './source';

export interface RangeRequest {
  base: string;
  size: number;
  root: Bytes;
  from: number;
  to: number;
}

export type RangeReply =
  | { kind: 'progress'; done: number; total: number }
  | { kind: 'findings'; findings: RangeFindings }
  | { kind: 'failed'; message: string };

// Only in a worker is there somebody to answer; a page that takes this file in by mistake starts nothing.
const isWorker = typeof WorkerGlobalScope !== 'undefined' && globalThis instanceof WorkerGlobalScope;
if (isWorker) {
  const reply = (message: RangeReply): void => globalThis.postMessage(message);
  globalThis.onmessage = ({ data }: MessageEvent<RangeRequest>): void => {
    const source = new LogSource((url, init) => fetch(url, init), data.base);
    const tree = new SignedTree(source, data.size, data.root);
    const onProgress = (done: number, total: number): void => reply({ kind: 'progress', done, total });
    checkEntries(source, tree, { from: data.from, to: data.to, onProgress }).then(
      (findings) => reply({ kind: 'findings', findings }),
      (error: unknown) => reply({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
    );
  };
}

declare const WorkerGlobalScope: (abstract new () => object) | undefined;
