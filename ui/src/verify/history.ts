/**
 * Earlier checkpoints, as the server lists them: whether the key signed each, and whether the tree that is believed now
 * began as each of them. Two that the key signed and that do not fit are evidence against whoever has it.
 */

import { bytesOf, Malformed, toBase64, toCount } from './bytes';
import { type VerifierKey } from './key';
import { BadSignature, NotSigned, openCheckpoint, type SignedCheckpoint } from './note';
import { Damaged, type SignedTree } from './signed-tree';
import { Unavailable } from './source';
import { checkConsistency } from './tree';

/** A row of the server's list: all of it is only claimed. */
export interface ClaimedCheckpoint {
  size: number;
  rootBase64: string;
  note: string;
}

export interface CheckpointVerdict {
  status: 'verified' | 'tampered' | 'cannot_verify';
  reason?: string;
  /** The key signed it, and the tree that is believed now did not begin as it: proof of two histories. */
  isFork?: boolean;
}

export interface HistoryOptions {
  /** After each: its place in the list, and what was found. */
  onVerdict?: ((index: number, verdict: CheckpointVerdict) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Checks them one after another. The tree is the one of the newest checkpoint; its hashes are fetched once for all. */
export async function checkHistory(
  claimed: readonly ClaimedCheckpoint[],
  key: VerifierKey,
  tree: SignedTree,
  options: HistoryOptions = {},
): Promise<CheckpointVerdict[]> {
  const verdicts: CheckpointVerdict[] = [];
  for (const [index, one] of claimed.entries()) {
    options.signal?.throwIfAborted();
    const verdict = await judge(one, key, tree);
    verdicts.push(verdict);
    options.onVerdict?.(index, verdict);
  }
  return verdicts;
}

async function judge(claimed: ClaimedCheckpoint, key: VerifierKey, tree: SignedTree): Promise<CheckpointVerdict> {
  try {
    const signed = await openCheckpoint(bytesOf(claimed.note), key);
    const size = toCount(signed.size);
    if (size !== claimed.size || toBase64(signed.root) !== claimed.rootBase64) {
      return tampered(`the server lists ${claimed.size} entries beside a note that is of ${size}, or another root than it has`);
    }
    return await continued(signed, size, tree);
  } catch (error) {
    if (error instanceof BadSignature) return tampered(error.message);
    if (error instanceof Malformed) return tampered(`the note is not one that a log writes: ${error.message}`);
    if (error instanceof NotSigned) return { status: 'cannot_verify', reason: `it is not signed by the pinned key: ${error.message}` };
    // Hashes that are damaged today say nothing about a checkpoint of then.
    if (error instanceof Unavailable || error instanceof Damaged) return { status: 'cannot_verify', reason: error.message };
    throw error;
  }
}

async function continued(signed: SignedCheckpoint, size: number, tree: SignedTree): Promise<CheckpointVerdict> {
  if (size > tree.size) {
    return { ...tampered(`it is signed over ${size} entries, and the newest checkpoint that the server shows over ${tree.size}: the log was rolled back`), isFork: true };
  }
  const proof = await tree.consistencyProof(size);
  if (await checkConsistency(size, tree.size, signed.root, tree.root, proof)) return { status: 'verified' };
  return { ...tampered(`two histories are signed: the log as it is now has another root for its first ${size} entries`), isFork: true };
}

function tampered(reason: string): CheckpointVerdict {
  return { status: 'tampered', reason };
}
