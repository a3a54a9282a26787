// Puts a gzip and a Brotli form beside each file of dist/ that gets smaller, so that the server compresses nothing.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const TEXT = /\.(html|js|css|svg|json|txt|map|webmanifest)$/;
/** A form that saves less than a tenth is not worth its place in the binary. */
const WORTH = 0.9;

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
for (const name of readdirSync(dist, { recursive: true }).map(String).sort()) {
  const path = `${dist}${name}`;
  if (/\.(gz|br)$/.test(name)) rmSync(path);
  if (!TEXT.test(name) || !statSync(path).isFile()) continue;
  const bytes = readFileSync(path);
  for (const [ending, packed] of [['gz', gzipSync(bytes, { level: 9 })], ['br', brotliCompressSync(bytes)]]) {
    if (packed.length < bytes.length * WORTH) writeFileSync(`${path}.${ending}`, packed);
  }
}
