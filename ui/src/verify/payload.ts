/**
 * Payloads: content beside the log, of which an entry has the digest. It is the SHA-256 of 32 random bytes, the salt, and
 * then the content (spec/log-directory.md), so that who has only the digest cannot try out contents.
 */

import { concat, toHex, type Bytes } from './bytes';
import { sha256 } from './tree';

export const SALT_LENGTH = 32;

export interface CheckedPayload {
  /** Whether salt and content are those of which the entry has the digest. */
  matches: boolean;
  /** SHA-256 of both, 64 hexadecimal digits. */
  digest: string;
  /** Salt and content, as the file beside the log has them. */
  file: Bytes;
}

/** Holds a payload against the digest in an entry. Salt and digest are in hexadecimal; a salt that is none is empty. */
export async function checkPayload(content: Bytes, saltHex: string, sha256Hex: string): Promise<CheckedPayload> {
  const isSalt = saltHex.length === 2 * SALT_LENGTH && /^[0-9a-f]*$/.test(saltHex);
  const salt = Uint8Array.from(isSalt ? (saltHex.match(/../g) ?? []) : [], (pair) => Number.parseInt(pair, 16));
  const file = concat(salt, content);
  const digest = toHex(await sha256(file));
  return { matches: isSalt && digest === sha256Hex, digest, file };
}
