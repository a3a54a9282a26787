import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';

import { checkPayload } from '../../../src/verify/payload';

const salt = Buffer.alloc(32, 7);
const content = new TextEncoder().encode('a payload\n');
const digest = createHash('sha256').update(salt).update(content).digest('hex');

test('a payload matches by its salt and its content together', async () => {
  const found = await checkPayload(content, salt.toString('hex'), digest);
  expect(found).toMatchObject({ matches: true, digest });
  expect(Buffer.from(found.file)).toEqual(Buffer.concat([salt, content]));
});

test('an empty payload is one as well', async () => {
  const empty = createHash('sha256').update(salt).digest('hex');
  expect(await checkPayload(new Uint8Array(), salt.toString('hex'), empty)).toMatchObject({ matches: true });
});

test('no other byte, salt or digest matches', async () => {
  const hex = salt.toString('hex');
  const changed = content.slice();
  changed[0] = (changed[0] as number) ^ 1;
  const wrong: [Uint8Array<ArrayBuffer>, string, string][] = [
    [changed, hex, digest],
    [content.slice(1), hex, digest],
    [content, hex.replace('07', '06'), digest],
    [content, '', digest],
    [content, hex.slice(2), digest],
    [content, hex.toUpperCase().replace('07', '0G'), digest],
    [content, hex, digest.toUpperCase()],
    [content, hex, ''],
    // Without its salt, content that leads to the digest is not what was stored.
    [content, '', createHash('sha256').update(content).digest('hex')],
  ];
  for (const [bytes, given, named] of wrong) {
    expect(await checkPayload(bytes, given, named)).toMatchObject({ matches: false });
  }
});
