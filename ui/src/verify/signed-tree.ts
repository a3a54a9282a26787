/**
 * The tree under a signed root. Hashes come from tiles that anyone may have changed, and every hash that leaves this file
 * was held against the root: those at the right edge amount to it, and every other tile is under a hash of the next row.
 * A tile that does not fit is made again from what is below it, down to the entries: so damage stays where it is.
 */

import { equal, Malformed } from './bytes';
import { kept, Missing, type LogSource } from './source';
import { rowLength, TILE_LEVELS, TILE_WIDTH, tilePath, tileWidth } from './tile';
import { lastSubtree, leafHash, nodeHash, rootOf, sha256, shift, siblings, type Hash, type Span } from './tree';

/** Hashes that do not lead to the signed root, nor does what is below them. */
export class Damaged extends Error {
  override name = 'Damaged';
  /** `span`: the entries of which nothing can be said. */
  constructor(
    message: string,
    readonly span: Span,
  ) {
    super(message);
  }
}

export class SignedTree {
  /** Paths of tiles that are not what was signed, while what is below them is. */
  readonly damagedTiles = new Set<string>();
  /** Right-edge hashes by row; they amount to the root. */
  private edge: Promise<Hash[][]> | undefined;
  private readonly tiles = new Map<string, Promise<Hash[]>>();
  private readonly subtrees = new Map<string, Promise<Hash>>();

  constructor(
    private readonly source: LogSource,
    readonly size: number,
    readonly root: Hash,
  ) {}

  /** The hash of leaf `index`. */
  async leaf(index: number): Promise<Hash> {
    return (await this.tile(0, shift(index, TILE_LEVELS)))[index % TILE_WIDTH] as Hash;
  }

  /** The proof that leaf `index` is in this tree. */
  inclusionProof(index: number): Promise<Hash[]> {
    return Promise.all(siblings(0, index, this.size).map((span) => this.rootOfSpan(span)));
  }

  /** The proof that the tree of the first `oldSize` leaves is what this one began as. */
  async consistencyProof(oldSize: number): Promise<Hash[]> {
    if (oldSize === 0 || oldSize === this.size) return [];
    const { level, offset } = lastSubtree(oldSize);
    const path: Span[] = siblings(level, offset, this.size);
    // Of a power of two, the old root is that subtree's root itself.
    if (offset > 0) path.unshift({ first: offset * 2 ** level, end: oldSize });
    return Promise.all(path.map((span) => this.rootOfSpan(span)));
  }

  /** Hashes of a tile of the tree, from the right edge or from under the row above. */
  tile(level: number, index: number): Promise<Hash[]> {
    const width = tileWidth(level, index, this.size);
    if (width < TILE_WIDTH) return this.rightEdge().then((rows) => rows[level] as Hash[]);
    return kept(this.tiles, tilePath(level, index, width), () => this.fullTile(level, index));
  }

  private async fullTile(level: number, index: number): Promise<Hash[]> {
    const above = (await this.tile(level + 1, shift(index, TILE_LEVELS)))[index % TILE_WIDTH] as Hash;
    const fits = async (hashes: Hash[]): Promise<boolean> => equal(await rootOf(hashes), above);
    return this.firstThatFits(level, index, fits);
  }

  /** The hashes at the right edge, which are all that it takes to come to the root. */
  private rightEdge(): Promise<Hash[][]> {
    this.edge ??= this.findEdge();
    this.edge.catch(() => (this.edge = undefined));
    return this.edge;
  }

  private async findEdge(): Promise<Hash[][]> {
    const levels = [];
    for (let level = 0; rowLength(level, this.size) > 0; level += 1) levels.push(level);
    const served = await Promise.all(levels.map((level) => this.served(level, edgeIndex(level, this.size), false)));
    if (await this.amountsToRoot(served)) return served as Hash[][];
    // One of them is not right: which one, what is below it says.
    for (const level of levels) {
      const fits = (hashes: Hash[]): Promise<boolean> => this.amountsToRoot(served.with(level, hashes));
      const found = await this.firstThatFits(level, edgeIndex(level, this.size), fits).catch((error: unknown) => {
        if (error instanceof Damaged) return undefined;
        throw error;
      });
      if (found) return served.with(level, found) as Hash[][];
    }
    throw new Damaged('neither hashes nor entries lead to the root that the log signed', { first: 0, end: this.size });
  }

  /** Of what is served, of that asked for anew, and of what is below: what leads to the root. */
  private async firstThatFits(level: number, index: number, fits: (hashes: Hash[]) => Promise<boolean>): Promise<Hash[]> {
    for (const anew of [false, true]) {
      const served = await this.served(level, index, anew);
      if (served && (await fits(served))) return served;
    }
    const path = tilePath(level, index, tileWidth(level, index, this.size));
    const below = await this.fromBelow(level, index);
    if (below && (await fits(below))) {
      this.damagedTiles.add(path);
      return below;
    }
    const first = index * TILE_WIDTH ** (level + 1);
    const end = Math.min(first + TILE_WIDTH ** (level + 1), this.size);
    throw new Damaged(`${path} does not lead to the root that the log signed, and what is below it does not either`, { first, end });
  }

  /** A tile as the server has it; nothing when it has none that is one. */
  private async served(level: number, index: number, anew: boolean): Promise<Hash[] | undefined> {
    const width = tileWidth(level, index, this.size);
    if (width === 0) return [];
    try {
      return await this.source.hashes(level, index, width, anew);
    } catch (error) {
      if (error instanceof Missing || error instanceof Malformed) return undefined;
      throw error;
    }
  }

  /** What a tile should be by the entries, or by the tiles, under it. */
  private async fromBelow(level: number, index: number): Promise<Hash[] | undefined> {
    const width = tileWidth(level, index, this.size);
    if (level === 0) {
      try {
        return await Promise.all((await this.source.entries(index, width)).map(leafHash));
      } catch (error) {
        if (error instanceof Missing || error instanceof Malformed) return undefined;
        throw error;
      }
    }
    const roots: Hash[] = [];
    for (let at = index * TILE_WIDTH; at < index * TILE_WIDTH + width; at += 1) {
      const below = await this.served(level - 1, at, false);
      if (!below) return undefined;
      roots.push(await rootOf(below));
    }
    return roots;
  }

  private async amountsToRoot(rows: (Hash[] | undefined)[]): Promise<boolean> {
    let right: Hash | undefined;
    for (const row of rows) {
      if (!row) return false;
      const pieces = await Promise.all(completeSpans({ first: 0, end: row.length }).map(({ first, end }) => rootOf(row.slice(first, end))));
      right = await joined(right ? [...pieces, right] : pieces);
    }
    return equal(right ?? (await sha256()), this.root);
  }

  private async rootOfSpan(span: Span): Promise<Hash> {
    const pieces = await Promise.all(completeSpans(span).map((piece) => this.rootOfComplete(piece)));
    return (await joined(pieces)) as Hash;
  }

  private rootOfComplete(span: Span): Promise<Hash> {
    return kept(this.subtrees, `${span.first}-${span.end}`, () => this.computeSubtree(span));
  }

  /** The root of a complete subtree, from the highest row that has its hashes. */
  private async computeSubtree({ first, end }: Span): Promise<Hash> {
    let row = 0;
    while (TILE_WIDTH ** (row + 1) <= end - first) row += 1;
    const each = TILE_WIDTH ** row;
    const [from, count] = [first / each, (end - first) / each];
    const hashes = await this.tile(row, shift(from, TILE_LEVELS));
    return rootOf(hashes.slice(from % TILE_WIDTH, (from % TILE_WIDTH) + count));
  }
}

/** The tile at the right edge of a row, which is not full: its first missing hash is the row's. */
function edgeIndex(level: number, size: number): number {
  return shift(rowLength(level, size), TILE_LEVELS);
}

/** A span as complete subtrees from the left, as large as they can be: the way in which a tree splits. */
export function completeSpans({ first, end }: Span): Span[] {
  const spans: Span[] = [];
  for (let at = first; at < end; ) {
    let width = 1;
    while (at % (width * 2) === 0 && at + width * 2 <= end) width *= 2;
    spans.push({ first: at, end: at + width });
    at += width;
  }
  return spans;
}

/** One root of complete subtrees that stand side by side, each smaller than the one on its left. */
async function joined(pieces: Hash[]): Promise<Hash | undefined> {
  let right: Hash | undefined;
  for (const left of pieces.toReversed()) right = right ? await nodeHash(left, right) : left;
  return right;
}
