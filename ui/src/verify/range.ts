/**
 * Verifies a range of entries: fetches their bytes, hashes them, and holds each against its leaf of the signed tree. Knows
 * nothing of pages or workers; memory does not grow with the range.
 */

import { equal, Malformed, textOf, type Bytes } from './bytes';
import { Damaged, type SignedTree } from './signed-tree';
import { Missing, type LogSource } from './source';
import { TILE_LEVELS, TILE_WIDTH, tilePath, tileWidth } from './tile';
import { leafHash, shift, type Hash } from './tree';

/** What is wrong with one entry, or with some that nothing tells apart. */
export interface BadEntry {
  seq: number;
  /** Behind the last of them. */
  end: number;
  reason: string;
}

export interface RangeFindings {
  /** Entries that are what was signed. */
  verified: number;
  /** The first of what is wrong, in order. */
  bad: BadEntry[];
  /** What is wrong beyond those in `bad`. */
  badNotListed: number;
  /** Entries that are stored no longer; their hashes are. */
  erased: number;
  /** Verified entries of the log itself that say that something is missing. */
  gapSeqs: number[];
  /** Tiles of hashes that are not what was signed, while the entries under them are. */
  damagedTiles: string[];
}

export interface RangeOptions {
  from: number;
  to: number;
  onProgress?: ((done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** 1,000: more than anyone reads; the others are counted. */
const LISTED_MAX = 1000;
/** 4 tiles are fetched ahead: enough to hide a round trip. */
const AHEAD = 4;

export async function checkEntries(source: LogSource, tree: SignedTree, options: RangeOptions): Promise<RangeFindings> {
  const { from, to, onProgress, signal } = options;
  const findings: RangeFindings = { verified: 0, bad: [], badNotListed: 0, erased: 0, gapSeqs: [], damagedTiles: [] };
  const [firstTile, endTile] = [shift(from, TILE_LEVELS), shift(to + TILE_WIDTH - 1, TILE_LEVELS)];
  const piece = (index: number): Promise<Piece> => fetchPiece(source, tree, index);
  const waiting: Promise<Piece>[] = [];
  let lastTime = '';
  onProgress?.(0, to - from);
  for (let index = firstTile; index < endTile; index += 1) {
    while (waiting.length < AHEAD && index + waiting.length < endTile) {
      const next = piece(index + waiting.length);
      // Its error is seen when its turn comes.
      next.catch(() => undefined);
      waiting.push(next);
    }
    signal?.throwIfAborted();
    const first = index * TILE_WIDTH;
    lastTime = judge(await (waiting.shift() as Promise<Piece>), first, Math.max(from, first), to, lastTime, findings);
    onProgress?.(Math.min(to, first + TILE_WIDTH) - from, to - from);
  }
  findings.damagedTiles = [...tree.damagedTiles];
  return findings;
}

/** A tile of entries, and what its leaves should be; text where there is none. */
interface Piece {
  entries: Bytes[] | { reason: string; isMissing: boolean };
  leaves: Hash[];
  signed: Hash[] | string;
  /** What the server says the leaves are, when nothing signed tells. */
  claimed: Hash[] | undefined;
  width: number;
}

async function fetchPiece(source: LogSource, tree: SignedTree, index: number): Promise<Piece> {
  const width = tileWidth('entries', index, tree.size);
  const entries = await source.entries(index, width).catch((error: unknown) => {
    if (!(error instanceof Missing || error instanceof Malformed)) throw error;
    const reason = `${tilePath('entries', index, width)}: ${error.message}`;
    return { reason, isMissing: error instanceof Missing };
  });
  const leaves = Array.isArray(entries) ? await Promise.all(entries.map(leafHash)) : [];
  const signed = await tree.tile(0, index).catch((error: unknown) => {
    if (error instanceof Damaged) return error.message;
    throw error;
  });
  const claimed = typeof signed === 'string' ? await source.hashes(0, index, width).catch(() => undefined) : undefined;
  return { entries, leaves, signed, claimed, width };
}

/** Judges the entries `[from, to)` of a piece; gives the time of its last. */
function judge(piece: Piece, first: number, from: number, to: number, time: string, findings: RangeFindings): string {
  const end = Math.min(to, first + piece.width);
  const { entries, signed, leaves, claimed } = piece;
  if (!Array.isArray(entries)) {
    // Retention takes entries from the beginning of a log and leaves their hashes. Anything else that is missing is missing.
    const isBeginning = findings.verified === 0 && findings.bad.length === 0;
    if (entries.isMissing && isBeginning && Array.isArray(signed)) findings.erased += end - from;
    else push(findings, { seq: from, end, reason: entries.reason });
    return time;
  }
  if (typeof signed === 'string') {
    const differing = leaves.findIndex((leaf, at) => claimed?.[at] !== undefined && !equal(leaf, claimed[at]));
    const seq = differing >= 0 && first + differing >= from ? first + differing : from;
    push(findings, { seq, end, reason: `entries and their hashes were changed together, at or behind this one: ${signed}` });
    return time;
  }
  let lastTime = time;
  for (let seq = from; seq < end; seq += 1) {
    const at = seq - first;
    if (!equal(leaves[at] as Hash, signed[at] as Hash)) {
      push(findings, { seq, end: seq + 1, reason: `entry ${seq} is not the one that was logged` });
      continue;
    }
    const line = readLine(entries[at] as Bytes);
    const strange = strangeness(line, seq, lastTime);
    if (strange) push(findings, { seq, end: seq + 1, reason: `entry ${seq} was logged as it is, and ${strange}` });
    else findings.verified += 1;
    lastTime = line?.recordedAt ?? lastTime;
    if (line?.isGap && findings.gapSeqs.length < LISTED_MAX) findings.gapSeqs.push(seq);
  }
  return lastTime;
}

function push(findings: RangeFindings, bad: BadEntry): void {
  if (findings.bad.length < LISTED_MAX) findings.bad.push(bad);
  else findings.badNotListed += bad.end - bad.seq;
}

interface Line {
  seq: unknown;
  recordedAt: string;
  isGap: boolean;
}

/** Names of the log's own entries that say that something is missing. */
const GAPS = ['gap.detected', 'entries.dropped'];

/** What a stored line says of itself; nothing when it is no entry. */
export function readLine(bytes: Uint8Array): Line | undefined {
  try {
    const line: unknown = JSON.parse(textOf(bytes));
    const { seq, recorded_at: recordedAt, category, event_name: name } = line as Record<string, unknown>;
    if (typeof recordedAt !== 'string') return undefined;
    return { seq, recordedAt, isGap: category === 'audit' && GAPS.includes(String(name)) };
  } catch {
    return undefined;
  }
}

/** What cannot be true of a line in its place. Times have one form, so their order is that of their texts. */
function strangeness(line: Line | undefined, seq: number, lastTime: string): string | undefined {
  if (!line) return 'is no entry';
  if (line.seq !== seq) return `bears the number ${String(line.seq)}`;
  return line.recordedAt < lastTime ? 'was recorded before the entry before it' : undefined;
}
