/**
 * Proof files (c2sp.org/tlog-proof): that an entry is in a log, checked offline. Read only in their one form.
 */

import { bytesOf, fromBase64, Malformed, parseDecimal, textOf, toCount } from './bytes';
import { type VerifierKey } from './key';
import { openCheckpoint, parseCheckpoint, parseNote, type SignedCheckpoint } from './note';
import { checkInclusion, HASH_LENGTH, leafHash, type Hash } from './tree';

/** 2 MiB: a note of 1 MiB, and as much again for the rest. */
const PROOF_BYTES_MAX = 2 << 20;
/** The levels of a tree of 64-bit size. */
const HASHES_MAX = 64;
const FIRST_LINE = 'c2sp.org/tlog-proof@v1\n';

export interface ProofFile {
  index: bigint;
  proof: Hash[];
  /** The signed checkpoint, verbatim. */
  note: string;
}

export function parseProofFile(bytes: Uint8Array): ProofFile {
  if (bytes.length > PROOF_BYTES_MAX) throw new Malformed('the proof is longer than 2 MiB');
  const text = textOf(bytes);
  if (!text.startsWith(FIRST_LINE)) throw new Malformed('the first line must be c2sp.org/tlog-proof@v1');
  const blank = text.indexOf('\n\n');
  if (blank < 0) throw new Malformed('no blank line separates the proof from a checkpoint');
  const lines = text.slice(FIRST_LINE.length, blank).split('\n');
  // Data that travels along; nothing authenticates it.
  if (lines[0]?.startsWith('extra ') && fromBase64((lines.shift() as string).slice(6)).length === 0) {
    throw new Malformed('the extra line has no data');
  }
  const [, index] = /^index (.*)$/.exec(lines.shift() ?? '') ?? [];
  if (index === undefined) throw new Malformed('the line `index` is missing');
  if (lines.length > HASHES_MAX) throw new Malformed('the proof has more than 64 hashes');
  const proof = lines.map(fromBase64);
  if (proof.some((hash) => hash.length !== HASH_LENGTH)) throw new Malformed('a hash of the proof has not 32 bytes');
  const note = text.slice(blank + 2);
  parseCheckpoint(parseNote(bytesOf(note)).text);
  return { index: parseDecimal(index), proof, note };
}

/** Why a proof does not prove that the entry is in the log. */
export class NotProved extends Error {
  override name = 'NotProved';
}

/** Checks a proof of an entry by the log's key. Every way in which it can fail is an error that says how. */
export async function checkProofFile(file: ProofFile, entry: Uint8Array, key: VerifierKey): Promise<SignedCheckpoint> {
  const checkpoint = await openCheckpoint(bytesOf(file.note), key);
  const [index, size] = [toCount(file.index), toCount(checkpoint.size)];
  if (index >= size) throw new NotProved(`the checkpoint has ${size} entries, so it has none at ${index}`);
  if (!(await checkInclusion(await leafHash(entry), index, size, checkpoint.root, file.proof))) {
    throw new NotProved(
      'the hashes do not lead from this entry to the root that the log signed: entry or proof were changed, or belong to others',
    );
  }
  return checkpoint;
}
