import { describe, expect, test } from 'vitest';

import { bytesOf, fromBase64, Malformed, toBase64, type Bytes } from '../../../src/verify/bytes';
import { isKeyName, parseVerifierKey } from '../../../src/verify/key';
import { cosignatures, NotSigned, openCheckpoint, parseCheckpoint, parseNote, verifyNote } from '../../../src/verify/note';
import { checkProofFile, parseProofFile } from '../../../src/verify/proof-file';
import { decodeEntries, decodeHashes, tilePath, tileWidth, type TileKind } from '../../../src/verify/tile';
import { FakeKey } from './fake-log';
import { vectors } from './vectors';

describe('keys', () => {
  const { keys, refused_verifier_keys: refused } = vectors<{
    keys: { algorithm: number; name: string; key_id: string; public_key: string; verifier_key: string }[];
    refused_verifier_keys: string[];
  }>('keys');

  test('a log key of the vectors is read', async () => {
    for (const one of keys.filter(({ algorithm }) => algorithm === 1)) {
      const key = await parseVerifierKey(one.verifier_key);
      expect([key.name, key.id, toBase64(key.publicKey)]).toEqual([one.name, one.key_id, one.public_key]);
    }
  });

  test('everything else is refused, also keys of witnesses', async () => {
    const others = keys.filter(({ algorithm }) => algorithm !== 1).map(({ verifier_key }) => verifier_key);
    for (const vkey of [...refused, ...others]) await expect(parseVerifierKey(vkey), vkey).rejects.toThrow(Malformed);
  });

  test('every changed character is noticed', async () => {
    const { vkey } = new FakeKey('log.example/audit');
    for (let at = 0; at < vkey.length; at += 1) {
      const changed = vkey.slice(0, at) + (vkey[at] === 'a' ? 'b' : 'a') + vkey.slice(at + 1);
      await expect(parseVerifierKey(changed), changed).rejects.toThrow(Malformed);
    }
  });

  test('keys of small order and second encodings are refused', async () => {
    const points = [
      '01'.padEnd(64, '0'),
      'ec'.padEnd(62, 'f') + '7f',
      '00'.padEnd(64, '0'),
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
      'ee'.padEnd(62, 'f') + '7f',
    ];
    for (const point of points) {
      const key = new FakeKey('log.example/audit');
      Object.assign(key, { publicKey: Buffer.from(point, 'hex') });
      const { createHash } = await import('node:crypto');
      const id = createHash('sha256').update(Buffer.from('log.example/audit\n\u0001')).update(key.publicKey).digest().subarray(0, 4);
      Object.assign(key, { id });
      await expect(parseVerifierKey(key.vkey), point).rejects.toThrow('mean nothing');
    }
  });

  test('names have one form', () => {
    for (const [name, expected] of [
      ['log.example/audit', true], ['\u0436', true], ['a'.repeat(255), true], ['a'.repeat(256), false], ['', false],
      ['a b', false], ['a+b', false], ['a\u00a0b', false], ['a\u2003b', false], ['a\u0085b', false], ['a\u0000', false], ['a\ufeffb', true],
    ] as const) expect(isKeyName(name), JSON.stringify(name)).toBe(expected);
  });
});

describe('notes', () => {
  const { cases, refused, verifier_key: vkey } = vectors<{
    cases: { note: string; verified: boolean }[];
    refused: string[];
    verifier_key: string;
  }>('notes');

  test('notes of the vectors are believed as they say', async () => {
    const key = await parseVerifierKey(vkey);
    for (const { note, verified } of cases) {
      const believed = await verifyNote(parseNote(bytesOf(note)), key).then(() => true, () => false);
      expect(believed, note).toBe(verified);
    }
  });

  test('what is no note is refused', () => {
    for (const note of refused) expect(() => parseNote(bytesOf(note)), JSON.stringify(note)).toThrow(Malformed);
    expect(() => parseNote(Uint8Array.of(0xff, 0x0a))).toThrow('UTF-8');
  });

  test('more than 100 signatures, or 1 MiB, are refused', () => {
    const [text, line] = ['a\n', '\u2014 a.example AAAAAQE=\n'];
    expect(parseNote(bytesOf(`${text}\n${line.repeat(100)}`)).signatures.length).toBe(100);
    expect(() => parseNote(bytesOf(`${text}\n${line.repeat(101)}`))).toThrow('100');
    expect(() => parseNote(bytesOf(`${'a'.repeat(1 << 20)}\n\n${line}`))).toThrow('1 MiB');
  });
});

describe('checkpoints', () => {
  const { cases, refused_texts: refused } = vectors<{
    cases: { text: string; signed: string; origin: string; size: string; root: string }[];
    refused_texts: string[];
  }>('checkpoints');

  test('checkpoints of the vectors are read and verified', async () => {
    const key = await parseVerifierKey(new FakeKey('log.example/audit').vkey);
    for (const { text, signed, origin, size, root } of cases) {
      const read = parseCheckpoint(text);
      expect([read.origin, String(read.size), toBase64(read.root)]).toEqual([origin, size, root]);
      expect((await openCheckpoint(bytesOf(signed), key)).note).toBe(signed);
    }
  });

  test('what is no checkpoint is refused', () => {
    for (const text of refused) expect(() => parseCheckpoint(text), JSON.stringify(text)).toThrow(Malformed);
  });

  test('a checkpoint of another log is not believed under this key', async () => {
    const own = new FakeKey('log.example/audit');
    const text = cases[0]?.text.replace('log.example/audit', 'log.example/other') as string;
    await expect(openCheckpoint(bytesOf(own.sign(text)), await parseVerifierKey(own.vkey))).rejects.toThrow(NotSigned);
  });

  test('lines of witnesses are listed with their time', async () => {
    const key = await parseVerifierKey(new FakeKey('log.example/audit').vkey);
    const { cases: lines } = vectors<{ cases: { line: string; time: string }[] }>('cosignatures');
    const note = `${cases[1]?.signed}${lines[0]?.line}\n\u2014 other.example AAAAAQE=\n`;
    expect(cosignatures(note, key)).toEqual([
      { name: 'witness.example/w1', keyId: 'df1c0a35', time: new Date(Number(lines[0]?.time) * 1000).toISOString() },
      { name: 'other.example', keyId: '00000001' },
    ]);
  });

  test('every changed byte of a signed checkpoint is noticed', async () => {
    const own = new FakeKey('log.example/audit');
    const key = await parseVerifierKey(own.vkey);
    const note = bytesOf(own.sign(cases[1]?.text as string));
    await openCheckpoint(note, key);
    for (let at = 0; at < note.length; at += 1) {
      for (const mask of [1, 0x20, 0x80]) {
        const changed = note.map((byte, place) => (place === at ? byte ^ mask : byte));
        await expect(openCheckpoint(changed, key), `byte ${at} ^ ${mask}`).rejects.toThrow();
      }
    }
    for (let end = 0; end < note.length; end += 1) await expect(openCheckpoint(note.slice(0, end), key)).rejects.toThrow();
  });
});

describe('proof files', () => {
  const { cases, refused } = vectors<{ cases: { clean: boolean; entry: string; file: string; policy: string; findings: string[] }[]; refused: string[] }>('proof-files');

  test('proof files of the vectors prove what they say, as far as the log key goes', async () => {
    for (const { clean, entry, file, policy, findings } of cases) {
      const key = await parseVerifierKey(/^log (\S+)/m.exec(policy)?.[1] as string);
      const read = parseProofFile(bytesOf(file));
      const holds = await checkProofFile(read, bytesOf(entry), key).then(() => true, () => false);
      // Whether witnesses signed is not asked here: only the command line reads policies.
      const isWitnessMissing = findings.includes('checkpoint_bad_signature') && !/quorum none/.test(policy);
      if (!isWitnessMissing) expect(holds, file).toBe(clean);
    }
  });

  test('what is no proof file is refused', () => {
    for (const file of refused) expect(() => parseProofFile(bytesOf(file)), JSON.stringify(file)).toThrow(Malformed);
  });

  test('every changed byte is noticed', async () => {
    const { file, entry } = cases[3] as { file: string; entry: string };
    const key = await parseVerifierKey(new FakeKey('log.example/audit').vkey);
    const bytes = bytesOf(file);
    const holds = async (changed: Bytes, of: Bytes): Promise<boolean> => {
      try {
        await checkProofFile(parseProofFile(changed), of, key);
        return true;
      } catch {
        return false;
      }
    };
    expect(await holds(bytes, bytesOf(entry))).toBe(true);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = bytes.map((byte, place) => (place === at ? byte ^ 1 : byte));
      expect(await holds(changed, bytesOf(entry)), `byte ${at}`).toBe(false);
    }
    expect(await holds(bytes, bytesOf(`${entry}\n`))).toBe(false);
  });
});

describe('tiles', () => {
  const { bundle, cases, trees } = vectors<{
    bundle: { bytes: string; entries: string[] };
    cases: { index: string; level: TileKind; path: string; width: number }[];
    trees: { size: string; paths: string[] }[];
  }>('tiles');

  test('paths are those of the vectors', () => {
    for (const { index, level, path, width } of cases) expect(tilePath(level, Number(index), width)).toBe(path);
  });

  test('trees have the tiles of the vectors', () => {
    for (const { size, paths } of trees) {
      const own: string[] = [];
      for (let level = 0; level < 7; level += 1) {
        for (let index = 0; tileWidth(level, index, Number(size)) > 0; index += 1) {
          own.push(tilePath(level, index, tileWidth(level, index, Number(size))));
        }
      }
      expect(own).toEqual(paths);
    }
  });

  test('bundles are read whole or not at all', () => {
    const bytes = fromBase64(bundle.bytes);
    const entries = decodeEntries(bytes, bundle.entries.length);
    expect(entries.map((entry) => new TextDecoder().decode(entry))).toEqual(bundle.entries);
    for (let end = 0; end < bytes.length; end += 1) expect(() => decodeEntries(bytes.slice(0, end), 3)).toThrow(Malformed);
    expect(() => decodeEntries(new Uint8Array([...bytes, 0]), 3)).toThrow('within');
    expect(() => decodeEntries(bytes, 2)).toThrow('3 entries');
    expect(() => decodeHashes(new Uint8Array(63), 2)).toThrow('63 bytes');
  });

  test('base64 has one form', () => {
    for (const text of ['AB==', 'AA=', 'AA', 'A A=', 'AA==\n', 'A-_=', '*', 'AAA']) expect(() => fromBase64(text), text).toThrow(Malformed);
    expect(toBase64(fromBase64('AAE='))).toBe('AAE=');
  });
});
