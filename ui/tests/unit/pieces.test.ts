import { expect, test } from 'vitest'
import type { Histogram, Session, Step } from '../../src/api/contract.ts'
import { address } from '../../src/api/client.ts'
import { barsOf, marksOf, moved, STACK } from '../../src/explorer/bars.ts'
import { liveliness } from '../../src/pages/silence.ts'
import { wholeColumns } from '../../src/preferences.svelte.ts'
import { readPlace, writePlace, type Place } from '../../src/route.svelte.ts'
import { coverageWords, placeOf, rowsOf } from '../../src/sessions/steps.ts'

test('an address reads back as the place it was written of', () => {
  const places: Place[] = [
    { page: 'explore', rest: '', params: {} },
    { page: 'explore', rest: '', params: { q: 'a:"b c" & d=é#?', entry: '41' } },
    { page: 'session', rest: 'a/b?c#d %', params: { view: 'log' } },
  ]
  for (const place of places) {
    expect(readPlace(writePlace(place))).toEqual(place)
  }
  expect(readPlace('')).toEqual({ page: 'explore', rest: '', params: {} })
  expect(readPlace('#/session/%E0%A4%A').rest).toBe('%E0%A4%A')
})

test('parameters without a value are left out, and lists are repeated', () => {
  expect(address('/v1/x', { q: '', from: undefined, field: ['a', 'b'], limit: 0 })).toBe('/v1/x?field=a&field=b&limit=0')
  expect(address('/v1/x')).toBe('/v1/x')
})

const histogram = (buckets: Histogram['buckets'], interval = 60_000): Histogram => ({
  from: null,
  to: null,
  interval_ms: interval,
  total: { value: 0, exact: true },
  complete_to_seq: 0,
  size: 0,
  buckets,
})

test('empty buckets are drawn too, and outcomes are stacked on each other', () => {
  const bars = barsOf(
    histogram([
      { start: '2026-11-24T10:00:00Z', count: 5, outcomes: { success: 3, failure: 1, strange: 1 } },
      { start: '2026-11-24T10:03:00Z', count: 1, outcomes: { denied: 1 } },
    ]),
  )
  expect(bars.x).toHaveLength(4)
  expect(bars.stacked.map((level) => level[0])).toEqual([3, 3, 3, 4, 5])
  expect(bars.stacked.map((level) => level[1])).toEqual(STACK.map(() => 0))
  expect(bars.counts[3]).toMatchObject({ denied: 1, success: 0 })
})

test('a width that would make too many buckets draws those that were found', () => {
  const bars = barsOf(histogram([{ start: '2020-01-01T00:00:00Z', count: 1, outcomes: {} }, { start: '2026-01-01T00:00:00Z', count: 2, outcomes: { success: 2 } }], 1))
  expect(bars.x).toHaveLength(2)
  expect(bars.counts[0]?.other).toBe(1)
})

test('the time between closing and opening is hatched, and losses are marked', () => {
  const { hatches, marks } = marksOf([
    { seq: 4, event_name: 'gap.detected', timestamp: '2026-11-24T12:00:00Z', detail: { missing: 7, source: 'gw' } },
    { seq: 3, event_name: 'policy.changed', action: 'change limits', timestamp: '2026-11-24T11:30:00Z' },
    { seq: 2, event_name: 'log.opened', timestamp: '2026-11-24T11:00:00Z' },
    { seq: 1, event_name: 'log.closed', timestamp: '2026-11-24T10:00:00Z' },
    { seq: 0, event_name: 'log.opened', timestamp: 'never' },
  ])
  expect(hatches).toEqual([{ from: Date.parse('2026-11-24T10:00:00Z') / 1000, to: Date.parse('2026-11-24T11:00:00Z') / 1000, why: 'the recorder was down' }])
  expect(marks.map(({ kind, why }) => [kind, why])).toEqual([
    ['config', 'change limits'],
    ['gap', '7 entries are missing from gw'],
  ])
})

test('a span is moved and stretched about its middle', () => {
  expect(moved(0, 100, { shift: 0.5 })).toEqual({ from: '1970-01-01T00:00:50.000Z', to: '1970-01-01T00:02:30.000Z' })
  expect(moved(0, 100, { stretch: 0.5 })).toEqual({ from: '1970-01-01T00:00:25.000Z', to: '1970-01-01T00:01:15.000Z' })
})

const step = (parent: number | null, more: Partial<Step> = {}): Step => ({
  seq: 0,
  parent,
  depth: parent === null ? 0 : 1,
  timestamp: '2026-11-24T10:00:00Z',
  category: 'c',
  action: 'tool:bash',
  is_call: true,
  what: '',
  outcome: 'success',
  ...more,
})

test('a folded step hides everything inside of it', () => {
  const steps = [step(null), step(0), step(1), step(null)]
  expect(rowsOf(steps, new Set()).map(({ index, inside }) => [index, inside])).toEqual([[0, 2], [1, 1], [2, 0], [3, 0]])
  expect(rowsOf(steps, new Set([0])).map(({ index }) => index)).toEqual([0, 3])
  expect(rowsOf(steps, new Set([1])).map(({ index }) => index)).toEqual([0, 1, 3])
})

test('steps that name each other as parents do not go round for ever', () => {
  expect(rowsOf([step(1), step(0)], new Set())).toHaveLength(2)
})

test('a step stands in the time of its session', () => {
  const session = { began: '2026-11-24T10:00:00Z', ended: '2026-11-24T10:01:40Z' } as Session
  expect(placeOf(step(null, { timestamp: '2026-11-24T10:00:50Z', duration_ms: 10_000 }), session)).toEqual({ left: 0.5, width: 0.1 })
  expect(placeOf(step(null, { timestamp: 'x' }), session)).toEqual({ left: 0, width: 0 })
  expect(placeOf(step(null, { timestamp: '2026-11-24T10:01:30Z', duration_ms: 99_000 }), session)).toEqual({ left: 0.9, width: expect.closeTo(0.1) as number })
})

test('coverage says what has no end and what has no beginning', () => {
  const session = (without_end: number[], without_begin: number[]) => ({ coverage: { without_end, without_begin } }) as unknown as Session
  expect(coverageWords(session([], []))).toBeUndefined()
  expect(coverageWords(session([1], [2, 3]))).toBe('1 call without an end, 2 ends without a call')
})

test('columns that were kept by another version are made whole', () => {
  const columns = wholeColumns([{ id: 'gone', width: 1 }, { id: 'action', width: 9999, isShown: true }, { id: 'time', width: 'x' }])
  expect(columns.slice(0, 2)).toEqual([{ id: 'action', width: 900, isShown: true }, { id: 'time', width: 120, isShown: false }])
  expect(columns).toHaveLength(wholeColumns(undefined).length)
})

test('silence is told apart from work', () => {
  const now = new Date('2026-11-24T12:00:00Z')
  const check = (seen: string, expected: string) => expect(liveliness(seen, now).kind).toBe(expected)
  check('2026-11-24T11:58:00Z', 'lively')
  check('2026-11-24T10:00:00Z', 'quiet')
  check('2026-11-20T10:00:00Z', 'silent')
  check('', 'silent')
})
