/**
 * What this browser remembers of a server's log: the key that it believes, and the newest checkpoint that it saw. A log
 * that later shows less, or something else, is caught by this alone.
 */

import { Malformed, bytesOf } from './bytes';
import { parseVerifierKey, type VerifierKey } from './key';
import { openCheckpoint, type SignedCheckpoint } from './note';
import type { Pin } from './verdict';

/** What is needed of `localStorage`. */
export interface KeyValueStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

interface Kept extends Pin {
  newest?: string;
}

export interface Remembered {
  pin: Pin;
  key: VerifierKey;
  newest?: SignedCheckpoint;
}

export class Memory {
  private readonly name: string;
  /** Holds while the page is open when the browser keeps nothing. */
  private fallback: string | undefined;
  isKept = true;

  /** One memory for each server: `base` is its address. */
  constructor(
    private readonly storage: KeyValueStorage | undefined,
    base: string,
  ) {
    this.name = `bulla.verify ${base}`;
  }

  /** What is remembered; nothing when this is the first visit. What was damaged in between is an error. */
  async recall(): Promise<Remembered | undefined> {
    const text = this.read();
    if (text === undefined) return undefined;
    try {
      const kept = JSON.parse(text) as Kept;
      const key = await parseVerifierKey(kept.vkey);
      const pin = { vkey: key.vkey, firstUse: kept.firstUse !== false, pinnedAt: String(kept.pinnedAt) };
      if (kept.newest === undefined) return { pin, key };
      return { pin, key, newest: await openCheckpoint(bytesOf(kept.newest), key) };
    } catch (error) {
      if (error instanceof Error && error.name === 'Unsupported') throw error;
      throw new Malformed(`what this browser kept of the log cannot be read (${String(error)}): forget it, and pin the key anew`);
    }
  }

  /** Believes a key from now on; `newest` is a checkpoint that it signed. */
  pin(pin: Pin, newest?: SignedCheckpoint): void {
    this.write(newest ? { ...pin, newest: newest.note } : { ...pin });
  }

  /** Remembers a checkpoint, unless another page of this browser saw a newer one meanwhile. */
  async see(pin: Pin, newest: SignedCheckpoint): Promise<void> {
    const known = await this.recall().catch(() => undefined);
    if (known?.newest && known.pin.vkey === pin.vkey && known.newest.size >= newest.size) return;
    this.write({ ...pin, newest: newest.note });
  }

  forget(): void {
    this.fallback = undefined;
    try {
      this.storage?.removeItem(this.name);
    } catch {
      this.isKept = false;
    }
  }

  private read(): string | undefined {
    try {
      return this.storage?.getItem(this.name) ?? this.fallback;
    } catch {
      return this.fallback;
    }
  }

  private write(kept: Kept): void {
    this.fallback = JSON.stringify(kept);
    try {
      if (!this.storage) throw new Error('no storage');
      this.storage.setItem(this.name, this.fallback);
    } catch {
      this.isKept = false;
    }
  }
}
