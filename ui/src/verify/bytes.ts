/**
 * Bytes and the texts they are written in. Every form here has one spelling: what is read back differs from what was
 * given, is refused.
 */

export type Bytes = Uint8Array<ArrayBuffer>;

/** Why something is not in its one form. */
export class Malformed extends Error {
  override name = 'Malformed';
}

const encoder = new TextEncoder();
// A byte order mark is a character like any: it is in what was signed.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** 2^53 − 1: sequence numbers stay below 2^53, and a `number` is exact up to there. */
const COUNT_MAX = BigInt(Number.MAX_SAFE_INTEGER);
const U64_MAX = (1n << 64n) - 1n;

export function bytesOf(text: string): Bytes {
  return encoder.encode(text);
}

export function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Malformed('it is not UTF-8');
  }
}

/** Whether a text has characters below the space, which is what a byte below 20 (hexadecimal) is in UTF-8. */
export function hasControl(text: string): boolean {
  return [...text].some((char) => char < ' ');
}

export function concat(...parts: Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** Standard alphabet, padded, unused bits zero (RFC 4648 §4). */
export function fromBase64(text: string): Bytes {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw new Malformed('it is not base64');
  }
  // `atob` takes spaces, missing padding and stray bits as well.
  if (btoa(binary) !== text) throw new Malformed('it is not base64 in its one form');
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/** Digits without sign and leading zero, 64 bits. */
export function parseDecimal(text: string): bigint {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text) || BigInt(text) > U64_MAX) {
    throw new Malformed(`${JSON.stringify(text.slice(0, 40))} is not a 64-bit decimal number`);
  }
  return BigInt(text);
}

/** A number of entries that a log can have. */
export function toCount(value: bigint): number {
  if (value > COUNT_MAX) throw new Malformed(`${value} is more entries than a log can have`);
  return Number(value);
}
