/**
 * The Merkle tree of RFC 6962 §2.1 with SHA-256: hashes, roots, and what checks a proof. Pure: hashes come in, a yes or
 * no comes out. Sizes and places are whole numbers below 2^53, so there are no bit operations (those have 32 bits).
 */

import { concat, equal, type Bytes } from './bytes';

export type Hash = Bytes;

export const HASH_LENGTH = 32;

export async function sha256(...parts: Uint8Array[]): Promise<Hash> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', concat(...parts)));
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafHash(entry: Uint8Array): Promise<Hash> {
  return sha256(LEAF, entry);
}

export function nodeHash(left: Hash, right: Hash): Promise<Hash> {
  return sha256(NODE, left, right);
}

/**
 * The root over these hashes, of leaves or of subtrees of one size. Pairing neighbours and passing an odd last one on
 * splits at the largest power of two, as the RFC does.
 */
export async function rootOf(hashes: readonly Hash[]): Promise<Hash> {
  let row = hashes;
  while (row.length > 1) {
    const above: Promise<Hash>[] = [];
    for (let at = 0; at < row.length; at += 2) {
      const [left, right] = [row[at] as Hash, row[at + 1]];
      above.push(right ? nodeHash(left, right) : Promise.resolve(left));
    }
    row = await Promise.all(above);
  }
  return row[0] ?? sha256();
}

/** ⌊n / 2^bits⌋. */
export function shift(n: number, bits: number): number {
  return Math.floor(n / 2 ** bits);
}

/** Leaves `[first, end)` under one hash. */
export interface Span {
  first: number;
  end: number;
}

/** What stands beside a path on its way up, lowest first. */
export interface Sibling extends Span {
  side: 'left' | 'right';
}

/** The siblings of subtree (level, offset) in a tree of `size` leaves: what an inclusion proof is made of. */
export function siblings(level: number, offset: number, size: number): Sibling[] {
  const path: Sibling[] = [];
  for (let [l, o] = [level, offset]; shift(size - 1, l) !== 0; l += 1, o = shift(o, 1)) {
    const width = 2 ** l;
    if (o % 2 === 1) {
      path.push({ side: 'left', first: (o - 1) * width, end: o * width });
    } else if ((o + 1) * width < size) {
      path.push({ side: 'right', first: (o + 1) * width, end: Math.min((o + 2) * width, size) });
    }
  }
  return path;
}

/** The complete subtree that ends at leaf `size`: where a consistency proof from a tree of that size begins. */
export function lastSubtree(size: number): { level: number; offset: number } {
  let level = 0;
  while (shift(size, level) % 2 === 0) level += 1;
  return { level, offset: shift(size, level) - 1 };
}

function areHashes(given: readonly Uint8Array[]): boolean {
  return given.every((hash) => hash.length === HASH_LENGTH);
}

/** Whether the proof shows that `leaf` is leaf `index` of the tree of `size` leaves with that root. */
export async function checkInclusion(
  leaf: Hash,
  index: number,
  size: number,
  root: Hash,
  proof: readonly Hash[],
): Promise<boolean> {
  if (!(Number.isSafeInteger(index) && Number.isSafeInteger(size) && 0 <= index && index < size)) return false;
  if (!areHashes([leaf, root, ...proof])) return false;
  const path = siblings(0, index, size);
  if (path.length !== proof.length) return false;
  let hash = leaf;
  for (const [step, { side }] of path.entries()) {
    const beside = proof[step] as Hash;
    hash = side === 'left' ? await nodeHash(beside, hash) : await nodeHash(hash, beside);
  }
  return equal(hash, root);
}

/** Whether the proof shows that the tree with the old root is what the tree with the new root began as. */
export async function checkConsistency(
  oldSize: number,
  newSize: number,
  oldRoot: Hash,
  newRoot: Hash,
  proof: readonly Hash[],
): Promise<boolean> {
  if (![oldSize, newSize].every((size) => Number.isSafeInteger(size) && size >= 0)) return false;
  if (oldSize > newSize || !areHashes([oldRoot, newRoot, ...proof])) return false;
  if (oldSize === 0 && !equal(oldRoot, await sha256())) return false;
  if (oldSize === newSize) return proof.length === 0 && equal(oldRoot, newRoot);
  if (oldSize === 0) return proof.length === 0;
  const { level, offset } = lastSubtree(oldSize);
  // Of a power of two, the old root is that subtree's root itself.
  const [start, ...rest] = offset === 0 ? [oldRoot, ...proof] : proof;
  const path = siblings(level, offset, newSize);
  if (!start || path.length !== rest.length) return false;
  let [oldHash, newHash] = [start, start];
  for (const [step, { side }] of path.entries()) {
    const beside = rest[step] as Hash;
    if (side === 'left') oldHash = await nodeHash(beside, oldHash);
    newHash = side === 'left' ? await nodeHash(beside, newHash) : await nodeHash(newHash, beside);
  }
  return equal(oldHash, oldRoot) && equal(newHash, newRoot);
}
