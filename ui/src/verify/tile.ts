/**
 * Tiles (c2sp.org/tlog-tiles): where a tile stands, how wide it is in a tree of a size, and what is in its bytes.
 */

import { Malformed, type Bytes } from './bytes';
import { HASH_LENGTH, shift, type Hash } from './tree';

/** Hashes or entries in a full tile. */
export const TILE_WIDTH = 256;
/** Levels of the tree from one row of tiles to the next. */
export const TILE_LEVELS = 8;

export type TileKind = number | 'entries';

/** `tile/0/x001/x234/067.p/89`. */
export function tilePath(kind: TileKind, index: number, width: number): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const place = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${kind}/${place}${width < TILE_WIDTH ? `.p/${width}` : ''}`;
}

/** How many hashes a row of tiles has in a tree of `size` leaves. */
export function rowLength(level: number, size: number): number {
  return shift(size, TILE_LEVELS * level);
}

/** How wide a tile is in a tree of `size` leaves; 0 when it has none there. */
export function tileWidth(kind: TileKind, index: number, size: number): number {
  const there = rowLength(kind === 'entries' ? 0 : kind, size) - index * TILE_WIDTH;
  return Math.max(0, Math.min(TILE_WIDTH, there));
}

export function decodeHashes(bytes: Bytes, width: number): Hash[] {
  if (bytes.length !== width * HASH_LENGTH) {
    throw new Malformed(`it has ${bytes.length} bytes, not ${width * HASH_LENGTH}`);
  }
  return Array.from({ length: width }, (_, at) => bytes.slice(at * HASH_LENGTH, (at + 1) * HASH_LENGTH));
}

/** Entries, each behind its length of 16 bits. */
export function decodeEntries(bytes: Bytes, width: number): Bytes[] {
  const entries: Bytes[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [high, low] = [bytes[at], bytes[at + 1]];
    const end = at + 2 + ((high ?? 0) << 8) + (low ?? 0);
    if (low === undefined || end > bytes.length) throw new Malformed('it ends within an entry');
    entries.push(bytes.slice(at + 2, end));
    at = end;
  }
  if (entries.length !== width) throw new Malformed(`it has ${entries.length} entries, not ${width}`);
  return entries;
}
