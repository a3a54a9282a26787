/**
 * Payloads: content beside the log, of which an entry has the digest. The file is 32 random bytes, the salt, and then the
 * content; the digest is the SHA-256 of the whole file (spec/log-directory.md), so that it does not tell the content.
 */

import { toHex, type Bytes } from './bytes';
import { sha256 } from './tree';

/** 256 bits: who has only the digest cannot try out contents. */
export const SALT_LENGTH = 32;

export interface CheckedPayload {
  /** Whether the file is the one of which the entry has the digest. */
  matches: boolean;
  /** SHA-256 of what was read, 64 hexadecimal digits. */
  digest: string;
  /** What follows the salt. */
  content: Bytes;
}

/** Holds the file of a payload, salt and content, against the digest in an entry. */
export async function checkPayload(file: Bytes, sha256Hex: string): Promise<CheckedPayload> {
  const digest = toHex(await sha256(file));
  return { matches: file.length >= SALT_LENGTH && digest === sha256Hex, digest, content: file.subarray(SALT_LENGTH) };
}
