import { describe, expect, test, vi } from 'vitest';

import type { VerifierState } from '../../../src/verify/verdict';
import { Verifier } from '../../../src/verify/verifier';
import { FakeKey, FakeLog, leafOf, line, lines, MapStorage, naiveRoot } from './fake-log';

const ORIGIN = 'https://log.test';

function verifierOf(log: FakeLog, storage: MapStorage = new MapStorage()): Verifier {
  return new Verifier({ fetch: log.fetch, storage, origin: ORIGIN });
}

function stateOf(verifier: Verifier): VerifierState {
  let last: VerifierState | undefined;
  verifier.state.subscribe((state) => (last = state))();
  return last as VerifierState;
}

async function opened(log: FakeLog, storage = new MapStorage()): Promise<Verifier> {
  const verifier = verifierOf(log, storage);
  await verifier.refresh();
  return verifier;
}

describe('a checkpoint', () => {
  test('is verified, and the first use is said as such', async () => {
    const log = new FakeLog(lines(300));
    const verifier = verifierOf(log);
    const badges: string[] = [];
    verifier.state.subscribe(({ badge }) => badges.push(badge));
    await verifier.refresh();
    const state = stateOf(verifier);
    expect(badges).toEqual(['working', 'verified']);
    expect(state.pin).toMatchObject({ vkey: log.key.vkey, firstUse: true });
    expect(state.checkpoint).toMatchObject({ origin: 'log.example/audit', size: 300, keyName: 'log.example/audit' });
    expect(state.notProved.join()).toContain('first use');
    expect(state.notProved.join()).toContain('saw no checkpoint of it before');
  });

  test('that goes on is followed, from page to page', async () => {
    const [log, storage] = [new FakeLog([]), new MapStorage()];
    for (const size of [0, 1, 2, 3, 255, 256, 257, 600, 601]) {
      log.show(lines(size));
      const state = stateOf(await opened(log, storage));
      expect([state.badge, state.reason, state.checkpoint?.size]).toEqual(['verified', undefined, size]);
    }
    expect(stateOf(await opened(log, storage)).checked.map(({ what }) => what)).toContain(
      'that it continues the checkpoint of 601 entries that this browser saw before',
    );
  });

  test('that is smaller than one seen before is a rollback', async () => {
    const [log, storage] = [new FakeLog(lines(300)), new MapStorage()];
    await opened(log, storage);
    const newer = log.files.get('checkpoint')?.toString();
    log.show(lines(250));
    const verifier = await opened(log, storage);
    const state = stateOf(verifier);
    expect(state).toMatchObject({ badge: 'tampered', firstBadSeq: 250 });
    expect(state.reason).toContain('rolled back');
    expect(state.evidence).toEqual([newer, log.files.get('checkpoint')?.toString()]);
    // Nothing after it makes that undone, and the smaller one is not remembered.
    log.show(lines(400));
    await verifier.refresh();
    expect(stateOf(verifier).badge).toBe('tampered');
    expect(stateOf(await opened(log, storage)).badge).toBe('verified');
  });

  test('with another root for the same size, or for a larger one, is a fork', async () => {
    for (const size of [300, 301, 556, 700]) {
      const [log, storage] = [new FakeLog(lines(300)), new MapStorage()];
      await opened(log, storage);
      const others = lines(size);
      others[7] = line(7, ',"outcome":"success"');
      log.show(others);
      const state = stateOf(await opened(log, storage));
      expect([size, state.badge, state.reason?.includes('two histories')]).toEqual([size, 'tampered', true]);
      expect(state.evidence?.length).toBe(2);
    }
  });

  test('that vanishes after one was seen is a rollback; before the first it is not covered yet', async () => {
    const [log, storage] = [new FakeLog(lines(3)), new MapStorage()];
    log.files.delete('checkpoint');
    const before = await opened(log, storage);
    expect(stateOf(before)).toMatchObject({ badge: 'not_covered' });
    expect((await before.checkEntry(0, line(0))).status).toBe('not_covered');
    log.show(lines(3));
    await opened(log, storage);
    log.files.delete('checkpoint');
    expect(stateOf(await opened(log, storage))).toMatchObject({ badge: 'tampered', firstBadSeq: 0 });
  });

  test('is refused when any byte of it was changed', async () => {
    const log = new FakeLog(lines(10));
    const storage = new MapStorage();
    await opened(log, storage);
    const note = log.files.get('checkpoint') as Buffer;
    for (let at = 0; at < note.length; at += 1) {
      log.files.set('checkpoint', note);
      log.flip('checkpoint', at);
      expect(['tampered', 'cannot_verify'], `byte ${at}`).toContain(stateOf(await opened(log, storage)).badge);
    }
  });

  test('by another key than the pinned one cannot be verified, and says so', async () => {
    const [log, storage] = [new FakeLog(lines(10)), new MapStorage()];
    await opened(log, storage);
    const other = new FakeLog(lines(10), new FakeKey('log.example/audit', 2));
    const verifier = await opened(other, storage);
    expect(stateOf(verifier)).toMatchObject({ badge: 'cannot_verify', pin: { vkey: log.key.vkey } });
    expect(stateOf(verifier).reason).toContain(other.key.vkey);
    // Also while it has signed nothing yet.
    const note = other.files.get('checkpoint') as Buffer;
    other.files.delete('checkpoint');
    expect(stateOf(await opened(other, storage))).toMatchObject({ badge: 'cannot_verify' });
    other.files.set('checkpoint', note);
    await verifier.pin(other.key.vkey);
    expect(stateOf(verifier)).toMatchObject({ badge: 'verified', pin: { vkey: other.key.vkey, firstUse: false } });
  });
});

describe('a pin', () => {
  test('of the same key confirms it and keeps the newest checkpoint', async () => {
    const [log, storage] = [new FakeLog(lines(10)), new MapStorage()];
    const verifier = await opened(log, storage);
    await verifier.pin(log.key.vkey);
    expect(stateOf(verifier).pin?.firstUse).toBe(false);
    expect(stateOf(verifier).notProved.join()).not.toContain('first use');
    log.show(lines(9));
    expect(stateOf(await opened(log, storage)).badge).toBe('tampered');
  });

  test('that is no key is refused, and nothing changes', async () => {
    const log = new FakeLog(lines(10));
    const verifier = await opened(log);
    await expect(verifier.pin('nonsense')).rejects.toThrow('verifier key');
    expect(stateOf(verifier)).toMatchObject({ badge: 'verified', pin: { vkey: log.key.vkey } });
  });

  test('is forgotten on request', async () => {
    const [log, storage] = [new FakeLog(lines(10)), new MapStorage()];
    const verifier = await opened(log, storage);
    await verifier.forget();
    expect(storage.map.size).toBe(0);
    expect(stateOf(verifier).badge).toBe('working');
    log.show(lines(5));
    await verifier.refresh();
    expect(stateOf(verifier)).toMatchObject({ badge: 'verified', checkpoint: { size: 5 } });
  });

  test('that was damaged in the browser is not taken for a first use', async () => {
    const [log, storage] = [new FakeLog(lines(10)), new MapStorage()];
    await opened(log, storage);
    const [[name, kept]] = [...storage.map] as [[string, string]];
    for (const damaged of ['{', kept.replace('10\\n', '90\\n'), kept.replace('audit+', 'audif+')]) {
      storage.map.set(name, damaged);
      expect(stateOf(await opened(log, storage))).toMatchObject({ badge: 'cannot_verify' });
    }
  });

  test('holds while the page is open when the browser keeps nothing', async () => {
    const log = new FakeLog(lines(10));
    const refusing = new MapStorage();
    refusing.setItem = () => {
      throw new Error('no room');
    };
    const verifier = await opened(log, refusing);
    expect(stateOf(verifier).notProved.join()).toContain('keeps nothing');
    log.show(lines(9));
    await verifier.refresh();
    expect(stateOf(verifier).badge).toBe('tampered');
  });
});

describe('an entry', () => {
  test('of every place in trees of 0 to 130 is verified, and another in its place is not', async () => {
    const all = lines(130);
    for (const size of [1, 2, 3, 7, 64, 65, 130]) {
      const verifier = await opened(new FakeLog(all.slice(0, size)));
      for (let seq = 0; seq < size; seq += 1) {
        const verdict = await verifier.checkEntry(seq, all[seq] as Buffer);
        expect(verdict).toMatchObject({ status: 'verified', treeSize: size });
        expect(verdict.leafHashBase64).toBe(leafOf(all[seq] as Buffer).toString('base64'));
      }
      expect(stateOf(verifier).badge).toBe('verified');
      for (let seq = 0; seq < size; seq += 13) {
        expect((await verifier.checkEntry(seq, line(seq + 1))).status).toBe('tampered');
      }
      expect(stateOf(verifier)).toMatchObject({ badge: 'tampered', firstBadSeq: 0 });
    }
  });

  test('with any byte changed is tampered with', async () => {
    const verifier = await opened(new FakeLog(lines(5)));
    const entry = line(3);
    for (let at = 0; at < entry.length; at += 1) {
      const changed = Buffer.from(entry);
      changed[at] = (changed[at] as number) ^ 0x10;
      expect((await verifier.checkEntry(3, changed)).status, `byte ${at}`).toBe('tampered');
    }
    expect(stateOf(verifier)).toMatchObject({ badge: 'tampered', firstBadSeq: 3 });
    // It may have been the answer and not the log: what is right is right again.
    expect((await verifier.checkEntry(3, entry)).status).toBe('verified');
    expect(stateOf(verifier).badge).toBe('verified');
  }, 60_000);

  test('that is looked at again changes nothing, and nothing is told', async () => {
    const verifier = await opened(new FakeLog(lines(5)));
    await verifier.checkEntry(3, line(3));
    let told = 0;
    verifier.state.subscribe(() => (told += 1));
    await verifier.checkEntry(3, line(3));
    await verifier.refresh();
    expect(told).toBe(1);
  });

  test('that no checkpoint covers is not covered, until the next one', async () => {
    const log = new FakeLog(lines(5));
    const verifier = await opened(log);
    expect((await verifier.checkEntry(5, line(5))).status).toBe('not_covered');
    log.show(lines(6));
    expect((await verifier.checkEntry(5, line(5))).status).toBe('verified');
  });

  test('that is stored no longer is erased, and its proof intact', async () => {
    const verifier = await opened(new FakeLog(lines(5)));
    expect(await verifier.checkEntry(2, null)).toMatchObject({ status: 'erased', leafHashBase64: leafOf(line(2)).toString('base64') });
  });

  test('that bears another number than its place is named, although it was signed', async () => {
    const wrong = lines(5);
    wrong[2] = line(4);
    const verifier = await opened(new FakeLog(wrong));
    expect(await verifier.checkEntry(2, line(4))).toMatchObject({ status: 'tampered', reason: expect.stringContaining('bears the number 4') });
  });

  test('is not judged when the server does not answer', async () => {
    const log = new FakeLog(lines(300));
    const verifier = await opened(log);
    log.isDown = true;
    expect((await verifier.checkEntry(3, line(3))).status).toBe('cannot_verify');
    await verifier.refresh();
    expect(stateOf(verifier)).toMatchObject({ badge: 'cannot_verify', checkpoint: { size: 300 } });
    log.isDown = false;
    expect((await verifier.checkEntry(3, line(3))).status).toBe('verified');
    await verifier.refresh();
    expect(stateOf(verifier).badge).toBe('verified');
  });

  test('is never verified against a history that forked', async () => {
    const [log, storage] = [new FakeLog(lines(300)), new MapStorage()];
    await opened(log, storage);
    const others = lines(310);
    others[7] = line(7, ',"outcome":"success"');
    log.show(others);
    const verifier = await opened(log, storage);
    for (const seq of [7, 290]) expect((await verifier.checkEntry(seq, others[seq] as Buffer)).status).toBe('tampered');
    // Where it forked is not known, so no place is named.
    expect(stateOf(verifier)).not.toHaveProperty('firstBadSeq');
    expect(stateOf(verifier).reason).toContain('two histories');
  });
});

describe('a range', () => {
  test('is verified with progress, its gaps counted', async () => {
    const some = lines(700);
    some[400] = line(400, ',"x":1').subarray(0, -1);
    some[400] = Buffer.from(line(400).toString().replace('"category":"api"', '"category":"audit","event_name":"gap.detected"'));
    const verifier = await opened(new FakeLog(some));
    const progress: [number, number][] = [];
    const verdict = await verifier.checkRange(10, 690, { onProgress: (...step) => progress.push(step) });
    expect(verdict).toMatchObject({ status: 'verified', from: 10, to: 690, checked: 680, verified: 680, gaps: 1, bad: [] });
    expect(progress).toEqual([[0, 680], [246, 680], [502, 680], [680, 680]]);
    expect(stateOf(verifier)).toMatchObject({ badge: 'verified_with_gaps', gaps: 1 });
  });

  test('names the entry of every changed byte', async () => {
    const log = new FakeLog(lines(20));
    const verifier = await opened(log);
    const path = 'tile/entries/000.p/20';
    const bundle = log.files.get(path) as Buffer;
    const ends = lines(20).map((_, seq) => lines(seq + 1).reduce((end, entry) => end + 2 + entry.length, 0));
    for (let at = 0; at < bundle.length; at += 1) {
      log.files.set(path, bundle);
      log.flip(path, at);
      const verdict = await verifier.checkRange(0, 20);
      expect(verdict.status, `byte ${at}`).toBe('tampered');
      const seq = ends.findIndex((end) => at < end);
      const isLength = at === (ends[seq - 1] ?? 0) || at === (ends[seq - 1] ?? 0) + 1;
      if (!isLength) expect(verdict.firstBadSeq, `byte ${at}`).toBe(seq);
    }
  }, 60_000);

  test('stays right when any byte of a tile of hashes was changed, and says so', async () => {
    const all = lines(600);
    for (const path of ['tile/0/000', 'tile/0/001', 'tile/0/002.p/88', 'tile/1/000.p/2']) {
      const log = new FakeLog(all);
      const bytes = log.files.get(path) as Buffer;
      for (let at = 0; at < bytes.length; at += path === 'tile/1/000.p/2' ? 1 : 331) {
        log.files.set(path, bytes);
        log.flip(path, at);
        const verifier = await opened(log);
        const verdict = await verifier.checkRange(0, 600);
        expect(verdict, `${path} ${at}`).toMatchObject({ status: 'tampered', verified: 600, bad: [], damagedTiles: [path] });
        expect(stateOf(verifier).reason).toContain('the ones that were logged');
      }
    }
  }, 60_000);

  test('does not pass when a tile of hashes is missing: it is made from the entries', async () => {
    const log = new FakeLog(lines(600));
    log.files.delete('tile/0/000');
    log.files.delete('tile/1/000.p/2');
    const verifier = await opened(log);
    // One missing tile of the edge can be made again from below, and below it is another: both are named.
    expect(await verifier.checkRange(0, 600)).toMatchObject({ status: 'tampered' });
  });

  test('names a tile whose entries were changed together with their hashes', async () => {
    const [log, changed] = [new FakeLog(lines(600)), lines(600)];
    const note = log.files.get('checkpoint') as Buffer;
    changed[300] = line(300, ',"outcome":"success"');
    log.show(changed);
    log.files.set('checkpoint', note);
    // The forger did not change the row above.
    log.files.set('tile/1/000.p/2', new FakeLog(lines(600)).files.get('tile/1/000.p/2') as Buffer);
    const verdict = await (await opened(log)).checkRange(0, 600);
    expect(verdict).toMatchObject({ status: 'tampered', firstBadSeq: 256, verified: 600 - 256 });
    expect(verdict.bad[0]).toMatchObject({ seq: 256, end: 512 });
  });

  test('never verifies when entries and every hash were changed together', async () => {
    for (const size of [5, 256, 600]) {
      const [log, changed] = [new FakeLog(lines(size)), lines(size)];
      const note = log.files.get('checkpoint') as Buffer;
      changed[3] = line(3, ',"outcome":"success"');
      log.show(changed);
      log.files.set('checkpoint', note);
      const verifier = await opened(log);
      expect(await verifier.checkRange(0, size)).toMatchObject({ status: 'tampered', verified: 0, firstBadSeq: 0 });
      expect((await verifier.checkEntry(3, changed[3] as Buffer)).status).toBe('tampered');
      expect(stateOf(verifier).badge).toBe('tampered');
    }
  });

  test('of entries that were signed in a wrong order names them', async () => {
    const [numbers, times] = [lines(5), lines(5)];
    numbers[2] = line(9);
    times[3] = Buffer.from(line(0).toString().replace('"seq":0', '"seq":3'));
    for (const [entries, seq] of [[numbers, 2], [times, 3]] as const) {
      expect(await (await opened(new FakeLog(entries))).checkRange(0, 5)).toMatchObject({ status: 'tampered', firstBadSeq: seq });
    }
  });

  test('counts entries that are stored no longer', async () => {
    const log = new FakeLog(lines(600));
    log.files.delete('tile/entries/000');
    const verifier = await opened(log);
    expect(await verifier.checkRange(0, 600)).toMatchObject({ status: 'verified', erased: 256, verified: 344 });
    expect(stateOf(verifier).badge).toBe('erased');
  });

  test('names entries that are missing where retention takes none', async () => {
    const log = new FakeLog(lines(600));
    log.files.delete('tile/entries/001');
    const verdict = await (await opened(log)).checkRange(0, 600);
    expect(verdict).toMatchObject({ status: 'tampered', firstBadSeq: 256, erased: 0, verified: 344 });
    expect(verdict.reason).toContain('does not have tile/entries/001');
  });

  test('ends when it is called off, and where the checkpoint ends', async () => {
    const verifier = await opened(new FakeLog(lines(600)));
    await expect(verifier.checkRange(0, 600, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    expect(await verifier.checkRange(590, 9_000)).toMatchObject({ status: 'verified', to: 600, verified: 10 });
    expect(await verifier.checkRange(600, 9_000)).toMatchObject({ status: 'not_covered', verified: 0 });
  });

  test('cannot be verified when the server stops answering', async () => {
    const log = new FakeLog(lines(600));
    const verifier = await opened(log);
    log.isDown = true;
    expect((await verifier.checkRange(0, 600)).status).toBe('cannot_verify');
    expect(stateOf(verifier).badge).toBe('verified');
  });
});

describe('a browser', () => {
  test('without Ed25519 says what it needs', async () => {
    const refused = vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(new DOMException('no', 'NotSupportedError'));
    const verifier = await opened(new FakeLog(lines(3)));
    refused.mockRestore();
    expect(stateOf(verifier)).toMatchObject({ badge: 'cannot_verify', reason: expect.stringContaining('Chrome has it from 137') });
  });

  test('on a page that may not verify says so', async () => {
    vi.stubGlobal('crypto', {});
    const verifier = await opened(new FakeLog(lines(3)));
    vi.unstubAllGlobals();
    expect(stateOf(verifier)).toMatchObject({ badge: 'cannot_verify', reason: expect.stringContaining('https') });
  });

  test('that is shown a page of a proxy instead of a checkpoint cannot verify', async () => {
    const log = new FakeLog(lines(3));
    log.files.set('checkpoint', Buffer.from('<html>Sign in'));
    expect(stateOf(await opened(log))).toMatchObject({ badge: 'cannot_verify' });
    log.files.set('log.json', Buffer.from('<html>Sign in'));
    expect(stateOf(await opened(log))).toMatchObject({ badge: 'cannot_verify' });
  });

  test('takes no checkpoint of more entries than a log can have', async () => {
    const log = new FakeLog([]);
    log.files.set('checkpoint', Buffer.from(log.key.sign(`${log.key.name}\n9007199254740992\n${naiveRoot([]).toString('base64')}\n`)));
    expect(stateOf(await opened(log))).toMatchObject({ badge: 'cannot_verify' });
  });
});
