/**
 * A log made here, with a tree computed the way RFC 6962 defines it, by recursion and by node's own hash: what the verifier
 * is held against. It is served as a server would, and any byte of what is served can be changed.
 */

import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';

import { tilePath } from '../../../src/verify/tile';

export function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  parts.forEach((part) => hash.update(part));
  return hash.digest();
}

export const leafOf = (entry: Uint8Array): Buffer => sha256(Uint8Array.of(0), entry);

/** Roots that were computed before: trees here share most of their subtrees. */
const roots = new Map<string, Buffer>();

/** MTH of RFC 6962 §2.1, over leaf hashes. */
export function naiveRoot(leaves: Buffer[]): Buffer {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0] as Buffer;
  if (leaves.length > 256) return splitRoot(leaves);
  const name = leaves.map((leaf) => leaf.toString('latin1')).join('');
  const root = roots.get(name) ?? splitRoot(leaves);
  roots.set(name, root);
  return root;
}

function splitRoot(leaves: Buffer[]): Buffer {
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(Uint8Array.of(1), naiveRoot(leaves.slice(0, split)), naiveRoot(leaves.slice(split)));
}

/** PATH of RFC 6962 §2.1.1. */
export function naivePath(index: number, leaves: Buffer[]): Buffer[] {
  if (leaves.length <= 1) return [];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...naivePath(index, left), naiveRoot(right)]
    : [...naivePath(index - split, right), naiveRoot(left)];
}

/** SUBPROOF of RFC 6962 §2.1.2. */
export function naiveConsistency(size: number, leaves: Buffer[], isWhole = true): Buffer[] {
  if (size === leaves.length) return isWhole ? [] : [naiveRoot(leaves)];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return size <= split
    ? [...naiveConsistency(size, left, isWhole), naiveRoot(right)]
    : [...naiveConsistency(size - split, right, false), naiveRoot(left)];
}

/** An Ed25519 key of a seed of one repeated byte. */
export class FakeKey {
  private readonly key: KeyObject;
  readonly publicKey: Buffer;
  readonly id: Buffer;

  constructor(
    readonly name: string,
    seed = 1,
  ) {
    const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, seed)]);
    this.key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    this.publicKey = createPublicKey(this.key).export({ format: 'der', type: 'spki' }).subarray(-32);
    this.id = sha256(Buffer.from(`${name}\n\u0001`), this.publicKey).subarray(0, 4);
  }

  get vkey(): string {
    return `${this.name}+${this.id.toString('hex')}+${Buffer.concat([Uint8Array.of(1), this.publicKey]).toString('base64')}`;
  }

  sign(text: string): string {
    const blob = Buffer.concat([this.id, sign(null, Buffer.from(text), this.key)]);
    return `${text}\n\u2014 ${this.name} ${blob.toString('base64')}\n`;
  }
}

/** An entry line as the log writes it. */
export function line(seq: number, event = ''): Buffer {
  const second = String(seq % 60).padStart(2, '0');
  const minute = String(Math.floor(seq / 60) % 60).padStart(2, '0');
  const hour = String(Math.floor(seq / 3600)).padStart(2, '0');
  const time = `2026-11-23T${hour}:${minute}:${second}.000000000Z`;
  return Buffer.from(`{"seq":${seq},"recorded_at":"${time}","id":"e${seq}","category":"api","action":"act ${seq}"${event}}`);
}

export const lines = (count: number): Buffer[] => Array.from({ length: count }, (_, seq) => line(seq));

export class FakeLog {
  readonly files = new Map<string, Buffer>();
  /** Paths that were asked for, in order. */
  readonly asked: string[] = [];
  isDown = false;

  constructor(
    entries: Buffer[],
    readonly key = new FakeKey('log.example/audit'),
  ) {
    this.show(entries);
  }

  /** Serves these entries, with a checkpoint over all. */
  show(entries: Buffer[]): void {
    this.files.clear();
    const leaves = entries.map(leafOf);
    this.files.set('log.json', Buffer.from(JSON.stringify({ origin: this.key.name, vkey: this.key.vkey })));
    this.sign(entries.length, naiveRoot(leaves));
    for (let row = leaves, level = 0; row.length > 0; level += 1) {
      const above: Buffer[] = [];
      for (let at = 0; at < row.length; at += 256) {
        const hashes = row.slice(at, at + 256);
        this.files.set(tilePath(level, at / 256, hashes.length), Buffer.concat(hashes));
        if (hashes.length === 256) above.push(naiveRoot(hashes));
      }
      row = above;
    }
    for (let at = 0; at < entries.length; at += 256) this.bundle(at / 256, entries.slice(at, at + 256));
  }

  /** Serves entries in tile `index`. */
  bundle(index: number, entries: Buffer[]): void {
    const framed = entries.flatMap((entry) => [Uint8Array.of(entry.length >> 8, entry.length & 255), entry]);
    this.files.set(tilePath('entries', index, entries.length), Buffer.concat(framed));
  }

  sign(size: number, root: Buffer): void {
    this.files.set('checkpoint', Buffer.from(this.key.sign(`${this.key.name}\n${size}\n${root.toString('base64')}\n`)));
  }

  /** Changes one byte of a file. */
  flip(path: string, at: number): void {
    const bytes = Buffer.from(this.files.get(path) as Buffer);
    bytes[at] = (bytes[at] as number) ^ 1;
    this.files.set(path, bytes);
  }

  /** A tile as an older checkpoint has it: a part of the one that is stored. */
  private narrower(path: string): Buffer | undefined {
    const [, base, width] = /^(tile.*)\.p\/(\d+)$/.exec(path) ?? [];
    for (let wider = Number(width) + 1; wider <= 256; wider += 1) {
      const file = this.files.get(wider === 256 ? String(base) : `${base}.p/${wider}`);
      if (file) return file.subarray(0, base?.includes('entries') ? endOf(file, Number(width)) : 32 * Number(width));
    }
    return undefined;
  }

  readonly fetch = async (url: string): Promise<Response> => {
    const path = url.replace('https://log.test/', '');
    this.asked.push(path);
    if (this.isDown) throw new TypeError('connection refused');
    const file = this.files.get(path) ?? this.narrower(path);
    return file ? new Response(new Uint8Array(file)) : new Response('{}', { status: 404 });
  };
}

/** Where entry `count` of a bundle begins. */
function endOf(bundle: Buffer, count: number): number {
  let at = 0;
  for (let entry = 0; entry < count; entry += 1) at += 2 + bundle.readUInt16BE(at);
  return at;
}

export class MapStorage {
  readonly map = new Map<string, string>();
  getItem = (key: string): string | null => this.map.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.map.set(key, value);
  removeItem = (key: string): void => void this.map.delete(key);
}
