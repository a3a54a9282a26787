/**
 * What the verifier says, in the words of the page: never more than was checked, and always what that does not prove.
 */

import type { BadEntry } from './range';

export type BadgeWord =
  | 'working'
  | 'verified'
  | 'verified_with_gaps'
  | 'not_covered'
  | 'erased'
  | 'cannot_verify'
  | 'tampered';

/** A checkpoint that the pinned key signed. */
export interface CheckpointFacts {
  origin: string;
  size: number;
  rootBase64: string;
  keyName: string;
  keyId: string;
  /** The whole note, verbatim. */
  note: string;
  /** Lines of other keys under it, such as those of witnesses. Nobody verified them here. */
  cosignatures: { name: string; keyId: string; time?: string }[];
}

export interface Pin {
  vkey: string;
  /** The key is what the server named when this browser first saw the log: the reader has not confirmed it. */
  firstUse: boolean;
  /** RFC 3339. */
  pinnedAt: string;
}

export interface VerifierState {
  badge: BadgeWord;
  /** Verified entries that say that something is missing. */
  gaps: number;
  reason?: string;
  /** Where what was signed ends, when that is known. */
  firstBadSeq?: number;
  checkpoint?: CheckpointFacts;
  /** Absent until the server answered for the first time. */
  pin?: Pin;
  checked: { what: string }[];
  notProved: string[];
  /** Notes that prove to anyone that the log was rolled back or forked. */
  evidence?: string[];
}

export type EntryStatus = 'verified' | 'not_covered' | 'tampered' | 'erased' | 'cannot_verify';

export interface EntryVerdict {
  status: EntryStatus;
  reason?: string;
  leafHashBase64: string;
  treeSize: number;
  /** The inclusion proof, base64, lowest hash first. */
  path: string[];
  checkpointNote: string;
}

export interface RangeVerdict {
  status: EntryStatus;
  reason?: string;
  from: number;
  /** Behind the last entry that was looked at: the checkpoint may cover less than was asked for. */
  to: number;
  treeSize: number;
  /** Entries that were looked at. */
  checked: number;
  verified: number;
  erased: number;
  gaps: number;
  firstBadSeq?: number;
  bad: BadEntry[];
  badNotListed: number;
  damagedTiles: string[];
}

/** What no verification on this page proves. */
export function notProved(pin: Pin | undefined, isFirstSight: boolean, isKept: boolean): string[] {
  const lines = [
    'that this page is honest: it came from the server that it checks. The offline page (verify.html) and the command bulla verify do not',
    'that what the entries say is true, and that everything was reported',
    'that the clock was right: the order of entries is proved, the hour is not',
    'that others are shown the same log: no witness was asked',
    'anything about payloads, until one is read in its entry: the log has their digests only',
  ];
  if (pin?.firstUse) lines.unshift('that the key is the log’s: this browser took it from the server on first use');
  if (isFirstSight) lines.unshift('that this is not an older copy or another history: this browser saw no checkpoint of it before');
  if (!isKept) lines.unshift('anything against a later visit: this browser keeps nothing, so a rollback would not be noticed');
  return lines;
}
