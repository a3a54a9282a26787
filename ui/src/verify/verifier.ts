/**
 * The verifier of a page: believes one key, goes from checkpoint to checkpoint only when the later continues the earlier,
 * and holds entries against the newest that it came to. The server is asked for everything and believed nothing.
 */

import { equal, Malformed, toBase64, toCount } from './bytes';
import { checkHistory, type CheckpointVerdict, type ClaimedCheckpoint, type HistoryOptions } from './history';
import { parseVerifierKey, requireEd25519, Unsupported, type VerifierKey } from './key';
import { Memory, type KeyValueStorage } from './memory';
import { BadSignature, cosignatures, NotSigned, openCheckpoint, type SignedCheckpoint } from './note';
import { checkEntries, readLine, type RangeFindings } from './range';
import { Damaged, SignedTree } from './signed-tree';
import { LogSource, Missing, Unavailable, type Fetch } from './source';
import { checkConsistency, checkInclusion, leafHash } from './tree';
import { notProved, type CheckpointFacts, type EntryVerdict, type Pin, type RangeVerdict, type VerifierState } from './verdict';
import type { RangeReply, RangeRequest } from './worker';

export interface VerifierOptions {
  fetch?: Fetch;
  /** Where the pin and the newest checkpoint are kept, as `localStorage`. Without it nothing outlives the page. */
  storage?: KeyValueStorage;
  /** Address of the server, as `https://log.example`; default: the page's own. */
  origin?: string;
  /** Makes the thread for long ranges; `null`: on the caller's own. */
  worker?: (() => Worker) | null;
}

export interface CheckRangeOptions {
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** A checkpoint that was come to, with its tree. */
interface Trusted {
  view: CheckpointFacts;
  signed: SignedCheckpoint;
  tree: SignedTree;
}

/** What is wrong with the log as a whole. */
interface Wrong {
  reason: string;
  firstBadSeq?: number;
}

export class Verifier {
  /** Svelte's store contract. */
  readonly state = { subscribe: (listener: (state: VerifierState) => void): (() => void) => this.subscribe(listener) };

  private readonly listeners = new Set<(state: VerifierState) => void>();
  private readonly base: string;
  private readonly source: LogSource;
  private readonly memory: Memory;
  private readonly makeWorker: (() => Worker) | null;
  private looking: Promise<void> = Promise.resolve();

  private pinned: Pin | undefined;
  private trusted: Trusted | undefined;
  /** Size of the checkpoint that this browser saw before the first of this page. */
  private seenBefore: number | undefined;
  private hasLooked = false;
  /** Why nothing newer can be said now; the next look may say more. */
  private cannot: string | undefined;
  private uncovered: string | undefined;
  /** What was found wrong stays found. */
  private wrong: Wrong | undefined;
  private evidence: string[] = [];
  private readonly bad = new Map<number, string>();
  private readonly gaps = new Set<number>();
  private readonly entriesChecked = new Set<number>();
  private readonly rangesChecked: string[] = [];
  /** Sizes of earlier checkpoints that the key signed and that the newest continues. */
  private readonly sizesChecked = new Set<number>();
  private readonly damagedTiles = new Set<string>();
  private erased = 0;
  /** The state that was told last. */
  private told = '';

  constructor(options: VerifierOptions) {
    const origin = options.origin ?? globalThis.location.origin;
    this.base = origin.endsWith('/') ? origin : `${origin}/`;
    this.source = new LogSource(options.fetch ?? ((url, init) => fetch(url, init)), this.base);
    this.memory = new Memory(options.storage, this.base);
    this.makeWorker = options.worker ?? null;
  }

  /** Fetches the newest checkpoint and goes on to it, if it may be believed. Never throws: the state says what came of it. */
  refresh(): Promise<void> {
    this.looking = this.looking.then(() => this.look());
    return this.looking;
  }

  /** Checks that `line` is entry `seq`. `null`: it is stored no longer. */
  async checkEntry(seq: number, line: Uint8Array | null): Promise<EntryVerdict> {
    if (!this.hasLooked || seq >= (this.trusted?.tree.size ?? 0)) await this.refresh();
    const leaf = line && (await leafHash(line));
    const verdict: EntryVerdict = {
      status: 'cannot_verify',
      leafHashBase64: leaf ? toBase64(leaf) : '',
      treeSize: this.trusted?.tree.size ?? 0,
      path: [],
      checkpointNote: this.trusted?.signed.note ?? '',
    };
    if (!this.trusted) {
      if (this.uncovered !== undefined) return { ...verdict, status: 'not_covered', reason: this.uncovered };
      return { ...verdict, reason: this.wrong?.reason ?? this.cannot ?? 'there is no checkpoint to hold it against' };
    }
    const { tree } = this.trusted;
    if (seq >= tree.size) {
      return { ...verdict, status: 'not_covered', reason: `the newest checkpoint covers ${tree.size} entries; the next will cover it` };
    }
    try {
      const signed = await tree.leaf(seq);
      const proof = await tree.inclusionProof(seq);
      Object.assign(verdict, { path: proof.map(toBase64), leafHashBase64: toBase64(leaf ?? signed) });
      const holds = await checkInclusion(leaf ?? signed, seq, tree.size, tree.root, proof);
      const reason = holds ? line && misnumbered(line, seq) : `it is not the entry that was logged as number ${seq}`;
      if (reason) return this.tampered(verdict, seq, reason);
    } catch (error) {
      if (error instanceof Damaged) return this.damaged(verdict, error, tree.size);
      if (error instanceof Unavailable) return { ...verdict, reason: error.message };
      throw error;
    }
    tree.damagedTiles.forEach((path) => this.damagedTiles.add(path));
    if (!line) {
      this.publish();
      return { ...verdict, status: 'erased', reason: 'its bytes are stored no longer; its hash is in the signed tree' };
    }
    this.bad.delete(seq);
    this.entriesChecked.add(seq);
    if (readLine(line)?.isGap) this.gaps.add(seq);
    this.publish();
    return { ...verdict, status: 'verified' };
  }

  /** Checks entries `[from, to)`, off the page's thread where there is one; `signal` ends it with an `AbortError`. */
  async checkRange(from: number, to: number, options: CheckRangeOptions = {}): Promise<RangeVerdict> {
    if (!this.hasLooked || to > (this.trusted?.tree.size ?? 0)) await this.refresh();
    const treeSize = this.trusted?.tree.size ?? 0;
    const end = Math.min(to, treeSize);
    const nothing = { from, to: Math.max(from, end), treeSize, checked: 0, verified: 0, erased: 0, gaps: 0, bad: [], badNotListed: 0, damagedTiles: [] };
    if (!this.trusted && this.uncovered === undefined) {
      return { ...nothing, status: 'cannot_verify', reason: this.wrong?.reason ?? this.cannot ?? 'there is no checkpoint' };
    }
    if (!this.trusted || from >= end) {
      return { ...nothing, status: 'not_covered', reason: `the newest checkpoint covers ${treeSize} entries` };
    }
    try {
      const findings = await this.rangeFindings(this.trusted.tree, from, end, options);
      return this.judgeRange(from, end, treeSize, findings);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      return { ...nothing, status: 'cannot_verify', reason: error.message };
    }
  }

  /** Checks earlier checkpoints, as the server lists them, against the key and the newest; `signal` ends it with an `AbortError`. */
  async checkHistory(claimed: readonly ClaimedCheckpoint[], options: HistoryOptions = {}): Promise<CheckpointVerdict[]> {
    // The list may be newer than the checkpoint that was come to.
    await this.refresh();
    const { trusted, pinned } = this;
    if (!trusted || !pinned) {
      const reason = this.wrong?.reason ?? this.cannot ?? this.uncovered ?? 'there is no checkpoint to hold them against';
      const nothing: CheckpointVerdict = { status: 'cannot_verify', reason };
      claimed.forEach((_, index) => options.onVerdict?.(index, nothing));
      return claimed.map(() => nothing);
    }
    const verdicts = await checkHistory(claimed, await parseVerifierKey(pinned.vkey), trusted.tree, options);
    for (const [index, { status, reason, isFork }] of verdicts.entries()) {
      const { size, note } = claimed[index] as ClaimedCheckpoint;
      if (status === 'verified') this.sizesChecked.add(size);
      if (status !== 'tampered') continue;
      this.findWrong({ reason: `the checkpoint over ${size} entries in the log's history: ${reason}` });
      if (isFork && this.evidence.length === 0) this.evidence = [note, trusted.signed.note];
    }
    this.publish();
    return verdicts;
  }

  /** Believes this key, given by the reader, and forgets checkpoints that another one signed. */
  async pin(vkey: string): Promise<void> {
    const key = await parseVerifierKey(vkey.trim());
    const known = await this.memory.recall().catch(() => undefined);
    const pin = { vkey: key.vkey, firstUse: false, pinnedAt: new Date().toISOString() };
    if (known?.pin.vkey === key.vkey) {
      this.memory.pin(pin, known.newest);
    } else {
      this.reset();
      this.memory.pin(pin);
    }
    await this.refresh();
  }

  /** Forgets key and checkpoints: the next look is a first use again. */
  async forget(): Promise<void> {
    await this.looking;
    this.memory.forget();
    this.source.forget();
    this.reset();
    this.publish();
  }

  private reset(): void {
    [this.pinned, this.trusted, this.seenBefore, this.hasLooked] = [undefined, undefined, undefined, false];
    [this.cannot, this.uncovered, this.wrong, this.evidence, this.erased] = [undefined, undefined, undefined, [], 0];
    [this.bad, this.gaps, this.entriesChecked, this.damagedTiles, this.sizesChecked].forEach((found) => found.clear());
    this.rangesChecked.length = 0;
  }

  private async look(): Promise<void> {
    [this.cannot, this.uncovered] = [undefined, undefined];
    try {
      await requireEd25519();
      await this.lookOnce();
    } catch (error) {
      if (error instanceof Damaged) this.findWrong({ reason: error.message, ...place(error, this.trusted?.tree.size) });
      else if (error instanceof BadSignature) this.findWrong({ reason: `the server's checkpoint is not what was signed: ${error.message}` });
      else this.cannot = explain(error);
    }
    this.hasLooked = true;
    this.publish();
  }

  private async lookOnce(): Promise<void> {
    // Before the server is asked: another page of this browser may see a newer checkpoint meanwhile.
    const known = await this.memory.recall();
    const key = known?.key ?? (await parseVerifierKey(await this.source.namedKey()));
    const pin = known?.pin ?? { vkey: key.vkey, firstUse: true, pinnedAt: new Date().toISOString() };
    this.pinned = pin;
    if (!known) this.memory.pin(pin);
    if (known?.newest && !this.trusted) this.seenBefore = this.trust(known.newest, key).tree.size;
    const newest = await this.newest(key);
    if (!newest) return;
    const before = known?.newest ?? this.trusted?.signed;
    if (before && !(await this.continues(before, newest, key))) return;
    if (this.trusted?.signed.note !== newest.note) this.trust(newest, key);
    await this.memory.see(pin, newest);
  }

  /** The checkpoint that the server serves, if the key signed it. */
  private async newest(key: VerifierKey): Promise<SignedCheckpoint | undefined> {
    try {
      return await openCheckpoint(await this.source.checkpoint(), key);
    } catch (error) {
      if (!(error instanceof NotSigned || error instanceof Missing)) throw error;
      const named = await this.source.namedKey().catch(() => undefined);
      if (error instanceof NotSigned || (named !== undefined && named !== key.vkey)) {
        const other = named === key.vkey ? '' : `; the server names the key ${named ?? 'of none'}`;
        throw new Unavailable(`the server shows another log, or one that was signed anew: nothing is signed by the pinned key (${error.message})${other}`);
      }
      if (this.trusted) {
        this.findWrong({ reason: `the log was rolled back: the server has no checkpoint, and there was one of ${this.trusted.tree.size} entries`, firstBadSeq: 0 });
        this.evidence = [this.trusted.signed.note];
      } else {
        this.uncovered = 'the log has not published a checkpoint yet';
      }
      return undefined;
    }
  }

  /** Whether the later checkpoint continues the earlier one. If not, both notes are the evidence. */
  private async continues(before: SignedCheckpoint, newest: SignedCheckpoint, key: VerifierKey): Promise<boolean> {
    const [oldSize, newSize] = [toCount(before.size), toCount(newest.size)];
    let wrong: Wrong | undefined;
    if (newSize < oldSize) {
      const reason = `the log was rolled back: the server shows ${newSize} entries, and this browser saw a checkpoint of ${oldSize}`;
      wrong = { reason, firstBadSeq: newSize };
    } else if (newSize === oldSize) {
      if (!equal(before.root, newest.root)) wrong = { reason: forked(newSize, key) };
    } else {
      const tree = new SignedTree(this.source, newSize, newest.root);
      const proof = await tree.consistencyProof(oldSize);
      if (!(await checkConsistency(oldSize, newSize, before.root, newest.root, proof))) wrong = { reason: forked(oldSize, key) };
    }
    if (wrong) {
      this.findWrong(wrong);
      this.evidence = [before.note, newest.note];
    }
    return !wrong;
  }

  private trust(signed: SignedCheckpoint, key: VerifierKey): Trusted {
    const size = toCount(signed.size);
    const view = {
      origin: signed.origin,
      size,
      rootBase64: toBase64(signed.root),
      keyName: key.name,
      keyId: key.id,
      note: signed.note,
      cosignatures: cosignatures(signed.note, key),
    };
    this.trusted = { view, signed, tree: new SignedTree(this.source, size, signed.root) };
    return this.trusted;
  }

  /** What was found first stays; a later finding does not hide it. */
  private findWrong(wrong: Wrong): void {
    this.wrong ??= wrong;
  }

  private tampered(verdict: EntryVerdict, seq: number, reason: string): EntryVerdict {
    this.bad.set(seq, reason);
    this.publish();
    return { ...verdict, status: 'tampered', reason };
  }

  /** The entry is somewhere in what cannot be told any more: where exactly, nothing says. */
  private damaged(verdict: EntryVerdict, error: Damaged, size: number): EntryVerdict {
    this.findWrong({ reason: error.message, ...place(error, size) });
    this.publish();
    return { ...verdict, status: 'tampered', reason: error.message };
  }

  private rangeFindings(tree: SignedTree, from: number, to: number, options: CheckRangeOptions): Promise<RangeFindings> {
    if (!this.makeWorker) {
      const { onProgress, signal } = options;
      return checkEntries(this.source, new SignedTree(this.source, tree.size, tree.root), { from, to, onProgress, signal });
    }
    return inWorker(this.makeWorker(), { base: this.base, size: tree.size, root: tree.root, from, to }, options);
  }

  private judgeRange(from: number, to: number, treeSize: number, findings: RangeFindings): RangeVerdict {
    const { bad, badNotListed, damagedTiles, gapSeqs, verified, erased } = findings;
    for (const seq of [...this.bad.keys()]) if (seq >= from && seq < to) this.bad.delete(seq);
    bad.forEach(({ seq, reason }) => this.bad.set(seq, reason));
    gapSeqs.forEach((seq) => this.gaps.add(seq));
    damagedTiles.forEach((path) => this.damagedTiles.add(path));
    this.erased += erased;
    if (bad.length === 0) this.rangesChecked.push(`${from} to ${to - 1}`);
    this.publish();
    const verdict = { from, to, treeSize, checked: to - from, verified, erased, gaps: gapSeqs.length, bad, badNotListed, damagedTiles };
    const [first] = bad;
    if (first) return { ...verdict, status: 'tampered', reason: first.reason, firstBadSeq: first.seq };
    if (damagedTiles.length > 0) return { ...verdict, status: 'tampered', reason: hashesDamaged(damagedTiles) };
    return { ...verdict, status: verified === 0 && erased > 0 ? 'erased' : 'verified' };
  }

  private current(): VerifierState {
    const checked: { what: string }[] = [];
    if (this.trusted) {
      const { size, keyName, keyId } = this.trusted.view;
      checked.push({ what: `the signature of the checkpoint over ${size} entries, by ${keyName} (${keyId})` });
      if (this.seenBefore !== undefined && !this.wrong) {
        checked.push({ what: `that it continues the checkpoint of ${this.seenBefore} entries that this browser saw before` });
      }
      if (this.sizesChecked.size > 0) {
        const count = this.sizesChecked.size;
        checked.push({ what: `the ${count === 1 ? 'signature of an earlier checkpoint, and that the newest continues it' : `signatures of ${count} earlier checkpoints, and that the newest continues each`}` });
      }
      checked.push(...this.rangesChecked.map((range) => ({ what: `the bytes of entries ${range}` })));
      if (this.entriesChecked.size > 0) checked.push({ what: this.entriesChecked.size === 1 ? 'the bytes of the entry that was opened' : `the bytes of ${this.entriesChecked.size} entries that were opened` });
    }
    const state: VerifierState = {
      badge: 'working',
      gaps: this.gaps.size,
      checked,
      notProved: notProved(this.pinned, this.seenBefore === undefined, this.memory.isKept),
      evidence: this.evidence,
      ...(this.pinned && { pin: this.pinned }),
      ...(this.trusted && { checkpoint: this.trusted.view }),
    };
    return this.hasLooked ? { ...state, ...this.judgement() } : state;
  }

  /** The badge: the worst of what is known. */
  private judgement(): Pick<VerifierState, 'badge' | 'reason' | 'firstBadSeq'> {
    const firstBad = [...this.bad.keys()].sort((a, b) => a - b)[0];
    if (this.wrong) {
      const places = [this.wrong.firstBadSeq, firstBad].filter((seq) => seq !== undefined);
      return { badge: 'tampered', reason: this.wrong.reason, ...(places.length > 0 && { firstBadSeq: Math.min(...places) }) };
    }
    if (firstBad !== undefined) return { badge: 'tampered', reason: this.bad.get(firstBad) as string, firstBadSeq: firstBad };
    if (this.damagedTiles.size > 0) return { badge: 'tampered', reason: hashesDamaged([...this.damagedTiles]) };
    if (this.cannot !== undefined) return { badge: 'cannot_verify', reason: this.cannot };
    if (this.uncovered !== undefined) return { badge: 'not_covered', reason: this.uncovered };
    if (this.gaps.size > 0) return { badge: 'verified_with_gaps' };
    return { badge: this.erased > 0 ? 'erased' : 'verified' };
  }

  private subscribe(listener: (state: VerifierState) => void): () => void {
    this.listeners.add(listener);
    listener(this.current());
    return () => this.listeners.delete(listener);
  }

  /** Tells what changed, and nothing when nothing did: a page may look again at each change. */
  private publish(): void {
    const state = this.current();
    const told = JSON.stringify(state);
    if (told === this.told) return;
    this.told = told;
    this.listeners.forEach((listener) => listener(state));
  }
}

/** Runs a range in a worker of its own, which ends with it. */
function inWorker(worker: Worker, request: RangeRequest, { onProgress, signal }: CheckRangeOptions): Promise<RangeFindings> {
  return new Promise<RangeFindings>((resolve, reject) => {
    const abort = (): void => reject(signal?.reason as unknown);
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort);
    worker.onerror = (event): void => reject(new Unavailable(`the thread that verifies could not run: ${event.message}`));
    worker.onmessage = ({ data }: MessageEvent<RangeReply>): void => {
      if (data.kind === 'progress') onProgress?.(data.done, data.total);
      else if (data.kind === 'findings') resolve(data.findings);
      else reject(new Unavailable(data.message));
    };
    worker.postMessage(request);
  }).finally(() => worker.terminate());
}

function misnumbered(line: Uint8Array, seq: number): string | undefined {
  const read = readLine(line);
  if (!read) return `what was logged as number ${seq} is no entry`;
  return read.seq === seq ? undefined : `what was logged as number ${seq} bears the number ${String(read.seq)}`;
}

function forked(size: number, key: VerifierKey): string {
  return `two histories are signed by ${key.name}: this browser saw another root for the first ${size} entries than the server shows now`;
}

function hashesDamaged(paths: string[]): string {
  return `hashes that the server keeps are damaged (${paths.join(', ')}); the entries under them are the ones that were logged`;
}

/** Where damage begins, unless all that is known is "somewhere". */
function place({ span }: Damaged, size: number | undefined): { firstBadSeq?: number } {
  return span.first === 0 && size !== undefined && span.end >= size ? {} : { firstBadSeq: span.first };
}

/** Why nothing can be said, for people. */
function explain(error: unknown): string {
  if (error instanceof Unsupported || error instanceof Unavailable) return error.message;
  if (error instanceof Malformed) return `what the server answered is not in its form: ${error.message}`;
  return `the verifier could not go on: ${String(error)}`;
}
