import { createHash } from 'node:crypto';

import { describe, expect, test, vi } from 'vitest';

import { fromBase64, toBase64, type Bytes } from '../../../src/verify/bytes';
import { SignedTree } from '../../../src/verify/signed-tree';
import { LogSource } from '../../../src/verify/source';
import { checkConsistency, checkInclusion, leafHash, nodeHash, rootOf, sha256 } from '../../../src/verify/tree';
import { FakeLog, leafOf, lines, naiveConsistency, naivePath, naiveRoot } from './fake-log';
import { foreignVectors, vectors } from './vectors';

const bytes = (buffer: Buffer): Bytes => new Uint8Array(buffer);
const text = (value: string): Bytes => new TextEncoder().encode(value);

const EMPTY_ROOT = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';

interface InclusionCase { entry: string; index: string; size: string; root: string; proof: string[] }
interface ConsistencyCase { old_size: string; new_size: string; old_root: string; new_root: string; proof: string[] }

test('leaf, node and empty root are those of the vectors', async () => {
  const { empty_root, leaves, nodes } = vectors<{
    empty_root: string;
    leaves: { data: string; hash: string }[];
    nodes: { left: string; right: string; hash: string }[];
  }>('hashes');
  expect(toBase64(await sha256())).toBe(empty_root);
  for (const { data, hash } of leaves) expect(toBase64(await leafHash(fromBase64(data)))).toBe(hash);
  for (const { left, right, hash } of nodes) {
    expect(toBase64(await nodeHash(fromBase64(left), fromBase64(right)))).toBe(hash);
  }
});

test('inclusion proofs of the vectors hold, and refused ones do not', async () => {
  const { cases, refused } = vectors<{ cases: InclusionCase[]; refused: InclusionCase[] }>('inclusion');
  const check = async ({ entry, index, size, root, proof }: InclusionCase): Promise<boolean> =>
    checkInclusion(await leafHash(text(entry)), Number(index), Number(size), fromBase64(root), proof.map(fromBase64));
  for (const one of cases) expect(await check(one), JSON.stringify(one)).toBe(true);
  for (const one of refused) expect(await check(one), JSON.stringify(one)).toBe(false);
});

test('consistency proofs of the vectors hold, and refused ones do not', async () => {
  const { cases, refused } = vectors<{ cases: ConsistencyCase[]; refused: ConsistencyCase[] }>('consistency');
  const check = (one: ConsistencyCase): Promise<boolean> =>
    checkConsistency(Number(one.old_size), Number(one.new_size), fromBase64(one.old_root), fromBase64(one.new_root), one.proof.map(fromBase64));
  for (const one of cases) expect(await check(one), JSON.stringify(one)).toBe(true);
  for (const one of refused) expect(await check(one), JSON.stringify(one)).toBe(false);
});

describe('vectors of another implementation', () => {
  interface Foreign { case: string; proof: string[] | null; wantErr: boolean; root: string; leafHash: string; leafIdx: number; treeSize: number; size1: number; size2: number; root1: string; root2: string }
  /** Some roots and leaves there are no hashes: equal texts stay equal, and different ones different. */
  const opaque = (encoded: string): Bytes => {
    const hash = fromBase64(encoded);
    return hash.length === 32 ? hash : bytes(leafOf(Buffer.from(encoded)));
  };
  const hashes = (proof: string[] | null): Bytes[] => (proof ?? []).map((hash) => fromBase64(hash));

  test.skipIf(!foreignVectors('inclusion'))('inclusion', async () => {
    for (const one of foreignVectors<Foreign[]>('inclusion') ?? []) {
      const holds = await checkInclusion(opaque(one.leafHash), one.leafIdx, one.treeSize, opaque(one.root), hashes(one.proof));
      // One case compares an empty leaf hash with an empty root.
      expect(holds, one.case).toBe(!one.wantErr || (one.leafHash === '' && one.root === ''));
    }
  });

  test.skipIf(!foreignVectors('consistency'))('consistency', async () => {
    for (const one of foreignVectors<Foreign[]>('consistency') ?? []) {
      const [oldRoot, newRoot] = [opaque(one.root1), opaque(one.root2)];
      const holds = await checkConsistency(one.size1, one.size2, oldRoot, newRoot, hashes(one.proof));
      // Here the empty tree is a prefix of every tree; the library that the cases are from refuses the question.
      const isEmpty = one.size1 === 0 && hashes(one.proof).length === 0 && one.root1 === EMPTY_ROOT;
      expect(holds, one.case).toBe(!one.wantErr || (isEmpty && (one.size2 > 0 || one.root2 === EMPTY_ROOT)));
    }
  });
});

describe('against a naive tree', () => {
  const SIZES = 130;
  const all = lines(SIZES + 1);
  const leaves = all.map(leafOf);

  test('every size has the root of RFC 6962', async () => {
    for (let size = 0; size <= SIZES; size += 1) {
      const part = leaves.slice(0, size);
      expect(toBase64(await rootOf(part.map(bytes)))).toBe(naiveRoot(part).toString('base64'));
    }
  });

  test('every inclusion and consistency proof from tiles is the naive one, and holds', async () => {
    const log = new FakeLog(all);
    // The same function without a change of threads for each of a million hashes.
    const digest = vi.spyOn(crypto.subtle, 'digest').mockImplementation(async (_, data) => {
      return new Uint8Array(createHash('sha256').update(data as Uint8Array).digest()).buffer;
    });
    for (let size = 1; size <= SIZES; size += 1) {
      const part = leaves.slice(0, size);
      const root = bytes(naiveRoot(part));
      const tree = new SignedTree(new LogSource(log.fetch, 'https://log.test/'), size, root);
      for (let index = 0; index < size; index += 1) {
        const proof = await tree.inclusionProof(index);
        expect(proof.map(toBase64)).toEqual(naivePath(index, part).map((hash) => hash.toString('base64')));
        expect(await checkInclusion(bytes(leaves[index] as Buffer), index, size, root, proof)).toBe(true);
        expect(await checkInclusion(bytes(leaves[index + 1] as Buffer), index, size, root, proof)).toBe(false);
        const oldSize = index + 1;
        const steps = await tree.consistencyProof(oldSize);
        expect(steps.map(toBase64)).toEqual(naiveConsistency(oldSize, part).map((hash) => hash.toString('base64')));
        const oldRoot = bytes(naiveRoot(part.slice(0, oldSize)));
        expect(await checkConsistency(oldSize, size, oldRoot, root, steps)).toBe(true);
        expect(await checkConsistency(oldSize, size, bytes(leaves[0] as Buffer), root, steps)).toBe(oldSize === 1);
      }
    }
    digest.mockRestore();
  }, 60_000);

  test('a tree of several rows of tiles has the naive proofs', async () => {
    const many = Array.from({ length: 66_000 }, (_, seq) => Buffer.from(`entry ${seq}`));
    const log = new FakeLog(many);
    const hashes = many.map(leafOf);
    const root = bytes(naiveRoot(hashes));
    const source = new LogSource(log.fetch, 'https://log.test/');
    const tree = new SignedTree(source, many.length, root);
    for (const index of [0, 255, 256, 511, 65_535, 65_536, 65_791, 65_792, 65_999]) {
      const proof = await tree.inclusionProof(index);
      expect(proof.map(toBase64)).toEqual(naivePath(index, hashes).map((hash) => hash.toString('base64')));
    }
    for (const oldSize of [1, 256, 257, 40_000, 65_535, 65_536, 65_537, 65_792, 65_999]) {
      const oldRoot = bytes(naiveRoot(hashes.slice(0, oldSize)));
      expect(await checkConsistency(oldSize, many.length, oldRoot, root, await tree.consistencyProof(oldSize))).toBe(true);
    }
    expect(tree.damagedTiles.size).toBe(0);
  }, 60_000);

  test('every changed hash of a proof is noticed', async () => {
    const size = 100;
    const part = leaves.slice(0, size);
    const root = bytes(naiveRoot(part));
    const path = naivePath(37, part).map(bytes);
    const steps = naiveConsistency(37, part).map(bytes);
    const oldRoot = bytes(naiveRoot(part.slice(0, 37)));
    const flipped = (hashes: Bytes[], at: number, byte: number): Bytes[] =>
      hashes.map((hash, index) => (index === at ? hash.map((value, place) => (place === byte ? value ^ 1 : value)) : hash));
    for (let byte = 0; byte < 32; byte += 1) {
      for (let at = 0; at < path.length; at += 1) {
        expect(await checkInclusion(bytes(leaves[37] as Buffer), 37, size, root, flipped(path, at, byte))).toBe(false);
      }
      for (let at = 0; at < steps.length; at += 1) {
        expect(await checkConsistency(37, size, oldRoot, root, flipped(steps, at, byte))).toBe(false);
      }
    }
  });
});
