import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { beginAt, restOf } from '../../src/api/cursor.ts'
import { PAGE_ROWS, PagedList } from '../../src/list/pages.svelte.ts'
import { HEIGHT_MAX, scrollAt, scrollTo, windowOf } from '../../src/list/window.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a short list is not scaled, and a row is where it stands', () => {
  const shown = windowOf(100, 20, 400, 200, 0)
  expect(shown).toEqual({ height: 2000, first: 20, end: 30, offset: 400 })
})

test('ten million rows fit a box that browsers can make, to the first and the last', () => {
  const [count, row, view] = [10_000_000, 28, 800]
  expect(windowOf(count, row, 0, view).first).toBe(0)
  const end = windowOf(count, row, HEIGHT_MAX - view, view)
  expect(end.height).toBe(HEIGHT_MAX)
  expect(end.end).toBe(count)
  for (let top = 0; top <= HEIGHT_MAX - view; top += 999_983) {
    const shown = windowOf(count, row, top, view)
    // The rows that are put on the page cover what is in view.
    expect(shown.offset).toBeLessThanOrEqual(top)
    expect(shown.offset + (shown.end - shown.first) * row).toBeGreaterThanOrEqual(top + view - 1)
  }
})

test('a row is scrolled to just as far as it must be', () => {
  expect(scrollTo(3, 100, 20, 0, 200)).toBeUndefined()
  expect(scrollTo(10, 100, 20, 0, 200)).toBe(20)
  expect(scrollTo(1, 100, 20, 400, 200)).toBe(20)
  for (const index of [0, 4_999_999, 9_999_999]) {
    const top = scrollTo(index, 10_000_000, 28, 5_000_000, 800) ?? 5_000_000
    const shown = windowOf(10_000_000, 28, top, 800, 1)
    expect(shown.first).toBeLessThanOrEqual(index)
    expect(shown.end).toBeGreaterThan(index)
  }
})

/** Rows 0.. of `total`, `size` to a page; the cursor is the first of the next page. */
function pagesOf(total: number, size: number, blanks = 0) {
  const asked: (string | undefined)[] = []
  const list = new PagedList<number>((cursor) => {
    asked.push(cursor)
    if (cursor === undefined && blanks > 0) return Promise.resolve({ rows: [], next: 'blank-1', scanned: 10 })
    const blank = /^blank-(\d+)$/.exec(cursor ?? '')
    if (blank !== null && Number(blank[1]) < blanks) return Promise.resolve({ rows: [], next: `blank-${Number(blank[1]) + 1}`, scanned: 10 })
    const start = blank !== null ? 0 : Number(cursor ?? 0)
    const rows = Array.from({ length: Math.min(size, total - start) }, (_, index) => start + index)
    return Promise.resolve({ rows, next: start + size < total ? String(start + size) : null, scanned: rows.length })
  })
  return { list, asked }
}

/** Long enough that what is in view is asked for and there. */
const settle = () => vi.advanceTimersByTimeAsync(1000)

test('pages that were let go come back by their cursor, the same', async () => {
  const { list, asked } = pagesOf(20_000, 100)
  while (!list.isWhole) await list.more()
  expect(list.count).toBe(20_000)
  expect(list.row(19_999)).toBe(19_999)
  expect(list.row(50)).toBeUndefined()
  const before = asked.length
  await settle()
  expect(list.row(50)).toBe(50)
  expect(asked.slice(before)).toEqual([undefined])
})

/** Every entry of a log of `size`, the newest first, as the server answers. */
function everyEntry(size: number) {
  const asked: string[] = []
  const list = new PagedList<number>((cursor = `d0-${size}`) => {
    asked.push(cursor)
    const [start, end] = cursor.slice(1).split('-').map(Number) as [number, number]
    const rows = Array.from({ length: Math.min(PAGE_ROWS, end - start) }, (_, index) => end - 1 - index)
    const next = end - rows.length > start ? `d${start}-${end - rows.length}` : null
    return Promise.resolve({ rows, next, scanned: rows.length, rest: restOf(next) })
  })
  return { list, asked }
}

test('where every entry is a row, any of ten million is one request away', async () => {
  const { list, asked } = everyEntry(10_000_000)
  await list.more()
  expect(list.count).toBe(10_000_000)
  expect(list.isWhole).toBe(true)
  for (const index of [9_999_999, 5_000_000, 200, 7]) {
    list.row(index)
    await settle()
    expect(list.row(index)).toBe(9_999_999 - index)
  }
  expect(asked.length).toBe(1 + 3)
})

test('what is only scrolled past is not asked for', async () => {
  const { list, asked } = everyEntry(1_000_000)
  await list.more()
  for (let index = 0; index < 900_000; index += 1000) list.row(index)
  await settle()
  expect(asked.length).toBeLessThanOrEqual(4)
  expect(list.row(899_000)).toBe(999_999 - 899_000)
})

test('a list can begin anywhere, in both orders', () => {
  expect([beginAt('desc', 41), beginAt('asc', 41)]).toEqual(['d0-42', `a41-${Number.MAX_SAFE_INTEGER}`])
  expect(restOf('d10-500')?.cursor(200)).toBe('d10-300')
  expect(restOf('a10-500')?.cursor(200)).toBe('a210-500')
  expect([restOf(null), restOf('x1-2'), restOf('d1')]).toEqual([undefined, undefined, undefined])
})

test('a row that is gone to is in view, wherever it stands', () => {
  for (const count of [10, 1000, 10_000_000]) {
    for (const index of [0, 5, Math.floor(count / 2), count - 1]) {
      const shown = windowOf(count, 28, scrollAt(index, count, 28, 800), 800, 0)
      expect(shown.first).toBeLessThanOrEqual(index)
      expect(shown.end).toBeGreaterThan(index)
    }
  }
})

test('a search goes on over pages without a match', async () => {
  const { list } = pagesOf(5, 10, 4)
  await list.more()
  expect(list.count).toBe(5)
  expect(list.isWhole).toBe(true)
  expect(list.scanned).toBe(45)
})

test('a search that is stopped can go on', async () => {
  const { list } = pagesOf(5, 10, 4)
  const search = list.more()
  list.stop()
  await search
  expect(list.count).toBe(0)
  expect(list.isWhole).toBe(false)
  await list.more()
  expect(list.count).toBe(5)
})

test('an error keeps what was found, and trying again goes on', async () => {
  let isBroken = false
  const list = new PagedList<number>((cursor) => {
    if (isBroken) return Promise.reject(new Error('gone'))
    return Promise.resolve({ rows: [Number(cursor ?? 0)], next: String(Number(cursor ?? 0) + 1), scanned: 1 })
  })
  await list.more()
  isBroken = true
  await list.more()
  expect(list.count).toBe(1)
  expect(list.error).toBeInstanceOf(Error)
  isBroken = false
  list.retry()
  await settle()
  expect(list.count).toBe(2)
})

test('what comes on top moves the others down', async () => {
  const { list } = pagesOf(3, 10)
  await list.more()
  list.prepend([-2, -1])
  expect([0, 1, 2, 3, 4].map((index) => list.row(index))).toEqual([-2, -1, 0, 1, 2])
})
