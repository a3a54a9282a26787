/**
 * The browser's verifier of a Bulla log: a second implementation of the checks, by the specifications (spec/proofs.md) and
 * not by the server's code. WebCrypto and nothing else; a page makes one with `createVerifier`.
 *
 * To read it: `tree.ts` (hashes and proofs), `key.ts`, `note.ts` (signatures), `tile.ts`, `source.ts` (what the server
 * shows), `signed-tree.ts` (what of it leads to the signed root), `range.ts` (entries), `history.ts` (earlier checkpoints),
 * `payload.ts`, `memory.ts` (what this browser saw before), `verifier.ts` (all together), `verdict.ts` (words).
 */

import { Verifier, type VerifierOptions } from './verifier';

export type { CheckRangeOptions, Verifier, VerifierOptions } from './verifier';
export type { CheckpointVerdict, ClaimedCheckpoint } from './history';
export type { KeyValueStorage } from './memory';
export type { BadEntry } from './range';
export type { Fetch } from './source';
export type { BadgeWord, CheckpointFacts, EntryStatus, EntryVerdict, Pin, RangeVerdict, VerifierState } from './verdict';
export { checkProofFile, parseProofFile, type ProofFile } from './proof-file';
export { parseVerifierKey, type VerifierKey } from './key';
export { checkPayload, type CheckedPayload } from './payload';

/** A verifier of the server at `origin`, by default the page's own; long ranges run in a worker where there are such. */
export function createVerifier(options: VerifierOptions = {}): Verifier {
  const worker = typeof Worker === 'undefined' ? null : (): Worker => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  return new Verifier({ worker, ...options });
}
