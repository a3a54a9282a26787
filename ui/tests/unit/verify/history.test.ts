import { expect, test } from 'vitest';

import type { CheckpointVerdict, ClaimedCheckpoint } from '../../../src/verify/history';
import type { VerifierState } from '../../../src/verify/verdict';
import { Verifier } from '../../../src/verify/verifier';
import { FakeKey, FakeLog, leafOf, line, lines, MapStorage, naiveRoot } from './fake-log';

const SIZES = [0, 1, 2, 3, 255, 256, 257, 511, 600];

function claimed(size: number, entries: Buffer[], key: FakeKey): ClaimedCheckpoint {
  const rootBase64 = naiveRoot(entries.slice(0, size).map(leafOf)).toString('base64');
  return { size, rootBase64, note: key.sign(`${key.name}\n${size}\n${rootBase64}\n`) };
}

async function checked(log: FakeLog, list: ClaimedCheckpoint[]): Promise<{ verdicts: CheckpointVerdict[]; state: VerifierState }> {
  const verifier = new Verifier({ fetch: log.fetch, storage: new MapStorage(), origin: 'https://log.test' });
  const verdicts = await verifier.checkHistory(list);
  let state: VerifierState | undefined;
  verifier.state.subscribe((now) => (state = now))();
  return { verdicts, state: state as VerifierState };
}

const entries = lines(600);
const log = () => new FakeLog(entries);

test('every earlier checkpoint of the log is signed and continued', async () => {
  const { verdicts, state } = await checked(log(), SIZES.map((size) => claimed(size, entries, log().key)));
  expect(verdicts.map(({ status }) => status)).toEqual(SIZES.map(() => 'verified'));
  expect(state.badge).toBe('verified');
  expect(state.checked.map(({ what }) => what)).toContain('the signatures of 9 earlier checkpoints, and that the newest continues each');
});

test('a forged note is named, and none of the others', async () => {
  const list = SIZES.map((size) => claimed(size, entries, log().key));
  const at = SIZES.indexOf(256);
  const forged = claimed(255, entries, log().key);
  list[at] = { ...forged, note: forged.note.replace(`\n255\n`, '\n256\n'), size: 256 };
  const { verdicts, state } = await checked(log(), list);
  expect(verdicts.map(({ status }) => status)).toEqual(SIZES.map((_, index) => (index === at ? 'tampered' : 'verified')));
  expect(verdicts[at]?.reason).toContain('is not that of the text above it');
  expect(state).toMatchObject({ badge: 'tampered', evidence: [] });
  expect(state.reason).toContain('the checkpoint over 256 entries');
});

test('a signed checkpoint of another history is a fork, and both notes are the evidence', async () => {
  const other = [...entries.slice(0, 299), line(299, ',"outcome":"denied"'), ...entries.slice(300)];
  const fork = claimed(300, other, log().key);
  const { verdicts, state } = await checked(log(), [claimed(299, entries, log().key), fork]);
  expect(verdicts).toMatchObject([{ status: 'verified' }, { status: 'tampered', isFork: true }]);
  expect(state.badge).toBe('tampered');
  expect(state.evidence).toEqual([fork.note, log().files.get('checkpoint')?.toString()]);
});

test('a signed checkpoint over more entries than the newest is a rollback', async () => {
  const { verdicts, state } = await checked(log(), [claimed(601, lines(601), log().key)]);
  expect(verdicts[0]?.reason).toContain('rolled back');
  expect(state.evidence).toHaveLength(2);
});

test('a row that says another size or root than its note is tampered with', async () => {
  const right = claimed(256, entries, log().key);
  const { verdicts } = await checked(log(), [{ ...right, size: 255 }, { ...right, rootBase64: claimed(255, entries, log().key).rootBase64 }]);
  expect(verdicts.map(({ status }) => status)).toEqual(['tampered', 'tampered']);
});

test('a note of another key or log cannot be verified, and one that is none is tampered with', async () => {
  const stranger = new FakeKey('log.example/audit', 2);
  const elsewhere = new FakeKey('other.example/audit');
  const list = [claimed(3, entries, stranger), claimed(3, entries, elsewhere), { size: 3, rootBase64: '', note: 'nothing' }];
  const { verdicts, state } = await checked(log(), list);
  expect(verdicts.map(({ status }) => status)).toEqual(['cannot_verify', 'cannot_verify', 'tampered']);
  expect(verdicts[0]?.reason).toContain('not signed by the pinned key');
  expect(state.badge).toBe('tampered');
});

test('without a checkpoint to hold them against, nothing is said of them', async () => {
  const down = log();
  down.isDown = true;
  const told: number[] = [];
  const verifier = new Verifier({ fetch: down.fetch, origin: 'https://log.test' });
  const verdicts = await verifier.checkHistory([claimed(3, entries, down.key)], { onVerdict: (index) => told.push(index) });
  expect(verdicts).toMatchObject([{ status: 'cannot_verify' }]);
  expect(told).toEqual([0]);
});

test('the check stops when it is told to', async () => {
  const verifier = new Verifier({ fetch: log().fetch, origin: 'https://log.test' });
  const abort = new AbortController();
  const list = SIZES.map((size) => claimed(size, entries, log().key));
  const checking = verifier.checkHistory(list, { signal: abort.signal, onVerdict: (index) => { if (index === 2) abort.abort() } });
  await expect(checking).rejects.toMatchObject({ name: 'AbortError' });
});
