/**
 * Signed notes (c2sp.org/signed-note) and the checkpoint in them (c2sp.org/tlog-checkpoint). Read only in the one form
 * in which they are written; reading proves nothing, `openCheckpoint` does.
 */

import { bytesOf, fromBase64, hasControl, Malformed, parseDecimal, textOf, toHex, type Bytes } from './bytes';
import { isKeyName, verifies, type VerifierKey } from './key';
import { HASH_LENGTH, type Hash } from './tree';

/** 1 MiB. */
const NOTE_BYTES_MAX = 1 << 20;
const SIGNATURES_MAX = 100;
const ORIGIN_BYTES_MAX = 255;
const KEY_ID_LENGTH = 4;
/** What a signature line begins with: an em dash and a space. */
const LINE_START = '\u2014 ';

export interface Note {
  /** What is signed, with its last newline. */
  text: string;
  signatures: { name: string; keyId: string; signature: Bytes }[];
}

export interface Checkpoint {
  origin: string;
  /** 64 bits; `toCount` makes a number of it. */
  size: bigint;
  root: Hash;
}

/** A checkpoint that a key signed, and the note it stands in. */
export interface SignedCheckpoint extends Checkpoint {
  note: string;
}

/** A note that is not to be believed: somebody changed it, or the signer did not make it. */
export class BadSignature extends Error {
  override name = 'BadSignature';
}

/** A note that another key may have signed: the one that is known did not. */
export class NotSigned extends Error {
  override name = 'NotSigned';
}

export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > NOTE_BYTES_MAX) throw new Malformed('the note is longer than 1 MiB');
  const note = textOf(bytes);
  if (hasControl(note.replaceAll('\n', ''))) throw new Malformed('the note has a control character');
  const blank = note.lastIndexOf('\n\n');
  if (blank < 0 || !note.endsWith('\n') || blank === note.length - 2) {
    throw new Malformed('no blank line separates a text from signature lines');
  }
  const lines = note.slice(blank + 2, -1).split('\n');
  if (lines.length > SIGNATURES_MAX) throw new Malformed('the note has more than 100 signatures');
  return { text: note.slice(0, blank + 1), signatures: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line: string): Note['signatures'][number] {
  const space = line.indexOf(' ', LINE_START.length);
  const name = line.slice(LINE_START.length, space);
  if (!line.startsWith(LINE_START) || space < 0 || !isKeyName(name)) {
    throw new Malformed('a line under the text is not an em dash, a key name and a signature');
  }
  const blob = fromBase64(line.slice(space + 1));
  if (blob.length <= KEY_ID_LENGTH) throw new Malformed('a signature is too short');
  return { name, keyId: toHex(blob.subarray(0, KEY_ID_LENGTH)), signature: blob.slice(KEY_ID_LENGTH) };
}

/** Reads a checkpoint's text. Further lines, not empty, are allowed and mean nothing here. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, root, ...extensions] = text.split('\n');
  if (origin === undefined || size === undefined || root === undefined || extensions.pop() !== '') {
    throw new Malformed('a checkpoint has three lines: origin, size and root');
  }
  if (origin === '' || bytesOf(origin).length > ORIGIN_BYTES_MAX) {
    throw new Malformed('the origin of a checkpoint has 1 to 255 bytes');
  }
  if (extensions.includes('') || hasControl(text.replaceAll('\n', ''))) {
    throw new Malformed('the checkpoint has an empty line or a control character');
  }
  const hash = fromBase64(root);
  if (hash.length !== HASH_LENGTH) throw new Malformed('the root of a checkpoint has 32 bytes');
  return { origin, size: parseDecimal(size), root: hash };
}

/** Believes a note: every line of the key verifies, and there is one. */
export async function verifyNote(note: Note, key: VerifierKey): Promise<void> {
  const own = note.signatures.filter(({ name, keyId }) => name === key.name && keyId === key.id);
  for (const { signature } of own) {
    if (!(await verifies(key, bytesOf(note.text), signature))) {
      throw new BadSignature(`the signature of ${key.name} (${key.id}) is not that of the text above it`);
    }
  }
  if (own.length === 0) throw new NotSigned(`${key.name} (${key.id}) did not sign it`);
}

/** Reads a checkpoint that the key's log signed. */
export async function openCheckpoint(bytes: Uint8Array, key: VerifierKey): Promise<SignedCheckpoint> {
  const note = parseNote(bytes);
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint.origin !== key.name) {
    throw new NotSigned(`it is of the log ${checkpoint.origin}, not of ${key.name}`);
  }
  await verifyNote(note, key);
  return { ...checkpoint, note: textOf(bytes) };
}

/** A timestamp of 64 bits and an Ed25519 signature (c2sp.org/tlog-cosignature). */
const COSIGNATURE_LENGTH = 8 + 64;

/** The lines of other keys, as they call themselves: nothing about them is verified. */
export function cosignatures(note: string, key: VerifierKey): { name: string; keyId: string; time?: string }[] {
  const others = parseNote(bytesOf(note)).signatures.filter(({ name, keyId }) => name !== key.name || keyId !== key.id);
  return others.map(({ name, keyId, signature }) => {
    if (signature.length !== COSIGNATURE_LENGTH) return { name, keyId };
    const seconds = Number(new DataView(signature.buffer).getBigUint64(0));
    // The last second that a date can have.
    return seconds <= 8.64e12 ? { name, keyId, time: new Date(seconds * 1000).toISOString() } : { name, keyId };
  });
}
