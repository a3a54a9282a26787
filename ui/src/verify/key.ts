/**
 * Verifier keys of Ed25519 (c2sp.org/signed-note): `<name>+<id>+<base64 of 01 ‖ public key>`, and what they verify.
 */

import { bytesOf, concat, equal, fromBase64, hasControl, Malformed, toHex, type Bytes } from './bytes';
import { sha256 } from './tree';

/** Why this browser cannot tell. */
export class Unsupported extends Error {
  override name = 'Unsupported';
}

export interface VerifierKey {
  /** Of a log: its origin. */
  name: string;
  /** Eight hexadecimal digits. */
  id: string;
  publicKey: Bytes;
  /** The text it was read from. */
  vkey: string;
}

const ED25519 = 1;
const PUBLIC_KEY_LENGTH = 32;
const SIGNATURE_LENGTH = 64;
const NAME_BYTES_MAX = 255;

/** 1 to 255 bytes without white space, `+` and control characters. */
export function isKeyName(name: string): boolean {
  const length = bytesOf(name).length;
  return length >= 1 && length <= NAME_BYTES_MAX && !/[\p{White_Space}+]/u.test(name) && !hasControl(name);
}

/** Reads a verifier key. */
export async function parseVerifierKey(vkey: string): Promise<VerifierKey> {
  const [, name, id, encoded] = /^([^+]*)\+([0-9a-f]{8})\+([^]*)$/.exec(vkey) ?? [];
  if (name === undefined || id === undefined || encoded === undefined || !isKeyName(name)) {
    throw new Malformed('a verifier key is a name, eight hexadecimal digits and base64, with + between them');
  }
  const blob = fromBase64(encoded);
  if (blob[0] !== ED25519 || blob.length !== 1 + PUBLIC_KEY_LENGTH) {
    throw new Malformed('the verifier key is not one of Ed25519, as those of logs are');
  }
  const named = await sha256(bytesOf(`${name}\n`), blob);
  if (toHex(named.subarray(0, 4)) !== id) {
    throw new Malformed(`the id of the verifier key is not that of its name and bytes: it was mistyped or changed`);
  }
  const publicKey = blob.slice(1);
  if (!isSound(publicKey)) throw new Malformed('the public key is one under which signatures mean nothing');
  return { name, id, publicKey, vkey };
}

/** Whether the key signed the text. */
export async function verifies(key: VerifierKey, text: Bytes, signature: Bytes): Promise<boolean> {
  if (signature.length !== SIGNATURE_LENGTH) return false;
  return crypto.subtle.verify('Ed25519', await imported(key.publicKey), signature, text);
}

/** Ends with what is missing when the browser cannot verify. */
export async function requireEd25519(): Promise<void> {
  // The base point: a key like any, that every implementation takes.
  await imported(concat(Uint8Array.of(0x58), new Uint8Array(31).fill(0x66)));
}

async function imported(publicKey: Bytes): Promise<CryptoKey> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new Unsupported(
      'browsers verify only on pages from https, from this machine, or from a file: open this page through one of them',
    );
  }
  try {
    return await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
  } catch {
    throw new Unsupported(
      'this browser has no Ed25519: Chrome has it from 137 on, Firefox from 129, Safari from 17; the command bulla verify needs none',
    );
  }
}

const PRIME = 2n ** 255n - 19n;
/** y of the points of order 1, 2, 4 and 8 (RFC 8032 §5.1): under them, signatures of any text can be made to verify. */
const SMALL_ORDER = [
  1n,
  PRIME - 1n,
  0n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
];

/** Whether a public key has its one encoding and is not of small order. */
function isSound(publicKey: Bytes): boolean {
  const bytes = publicKey.slice().reverse();
  bytes[0] = (bytes[0] as number) & 0x7f;
  const y = BigInt(`0x${toHex(bytes)}`);
  return y < PRIME && !SMALL_ORDER.includes(y);
}

export function isSameKey(a: VerifierKey, b: VerifierKey): boolean {
  return a.name === b.name && equal(a.publicKey, b.publicKey);
}
