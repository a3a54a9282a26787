import { expect, test } from 'vitest'
import { ago, duration, fullMoment, shortMoment } from '../../src/time/moment.ts'
import { rangeWords, readMoment } from '../../src/time/range.ts'

test('a length of time is said in two units at most', () => {
  const check = (ms: number, expected: string) => expect(duration(ms)).toBe(expected)
  check(0, '0 ms')
  check(340.4, '340 ms')
  check(1840, '1.8 s')
  check(2000, '2 s')
  check(59_400, '59 s')
  check(125_000, '2 min 5 s')
  check(3_600_000, '1 h')
  check(10_920_000, '3 h 2 min')
  check(90_000_000, '1 d 1 h')
  expect(duration(undefined)).toBe('')
  expect(duration(Number.NaN)).toBe('')
})

test('a moment keeps its nanoseconds where nothing may be lost', () => {
  expect(fullMoment('2026-11-23T12:00:00.123456789Z', 'utc')).toBe('2026-11-23 12:00:00.123456789 UTC')
  expect(shortMoment('2026-11-23T12:00:00.123456789Z', 'utc')).toBe('2026-11-23 12:00:00.123')
  expect(shortMoment('not a time', 'utc')).toBe('not a time')
})

test('how long ago is said in one unit', () => {
  const now = new Date('2026-11-24T12:00:00Z')
  const check = (text: string, expected: string) => expect(ago(text, now)).toBe(expected)
  check('2026-11-24T11:59:48Z', '12 s ago')
  check('2026-11-24T12:03:00Z', 'in 3 min')
  check('2026-11-23T11:00:00Z', '25 h ago')
  check('x', '')
})

test('a typed moment becomes one that the server takes, and another text none', () => {
  const check = (text: string, expected: string | undefined) => expect(readMoment(text, 'utc')).toBe(expected)
  check('', '')
  check('2h', '2h')
  check('2026-11-24', '2026-11-24T00:00:00Z')
  check('2026-11-24 13:05', '2026-11-24T13:05:00Z')
  check('2026-11-24T13:05:06.5+02:00', '2026-11-24T11:05:06.5Z')
  check('2026-02-30', undefined)
  check('yesterday', undefined)
  check('2026-13-01', undefined)
})

test('a range is said in words, with its zone when it has moments', () => {
  const check = (from: string, to: string, expected: string) => expect(rangeWords({ from, to }, 'utc')).toBe(expected)
  check('', '', 'All time')
  check('24h', '', 'Last 24 hours')
  check('90m', '', 'Since 90 minutes ago')
  check('2026-11-24T10:00:00Z', '2026-11-24T11:00:00Z', '2026-11-24 10:00:00 – 11:00:00 UTC')
  check('', '2026-11-24T11:00:00.250Z', 'Until 2026-11-24 11:00:00.250 UTC')
})
