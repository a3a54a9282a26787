import { expect, test } from 'vitest'
import type { CheckpointRow, Entry } from '../../src/api/contract.ts'
import { historyPoints, historyRows } from '../../src/pages/history.ts'
import { lagsOf, lossesOf } from '../../src/pages/lag.ts'
import { settingLines, settingText } from '../../src/pages/settings.ts'

const row = (size: number, minute: number | undefined, root_hash = `root ${size}`): CheckpointRow => ({ size, root_hash, note: '', ...(minute !== undefined && { newest_entry_at: new Date(minute * 60_000).toISOString() }) })

test('a checkpoint says how many entries came since the one before', () => {
  const rows = [row(30, 3), row(12, 2), row(5, 1)]
  expect(historyRows(rows, [], false).map(({ since }) => since)).toEqual([18, 7, undefined])
  expect(historyRows(rows, [], true).map(({ since }) => since)).toEqual([18, 7, 5])
})

test('what this browser saw is held against what the server lists', () => {
  const seen = [
    { at: 'then', size: 12, root: 'root 12', word: 'Verified' },
    { at: 'then', size: 5, root: 'another', word: 'Verified' },
  ]
  const [newest, same, other] = historyRows([row(30, 3), row(12, 2), row(5, 1)], seen, true)
  expect([newest?.seenAt, newest?.otherRoot]).toEqual([undefined, undefined])
  expect([same?.seenAt, same?.otherRoot]).toEqual(['then', undefined])
  expect([other?.seenAt, other?.otherRoot]).toEqual([undefined, 'another'])
  const both = [...seen, { at: 'later', size: 5, root: 'root 5', word: 'Verified' }]
  expect(historyRows([row(5, 1)], both, true)[0]).toMatchObject({ seenAt: 'later', otherRoot: 'another' })
})

test('checkpoints stand in the chart by time and size, the oldest first', () => {
  expect(historyPoints([row(40, 4), row(20, 3), row(10, undefined), row(10, 0)])).toEqual([
    { index: 3, x: 0, y: 0.25 },
    { index: 1, x: 0.75, y: 0.5 },
    { index: 0, x: 1, y: 1 },
  ])
  expect(historyPoints([row(0, 1)])).toEqual([{ index: 0, x: 1, y: 0 }])
  expect(historyPoints([])).toEqual([])
})

const entry = (source: string, happened: string, recorded: string): Entry => ({ seq: 0, source: { id: source }, timestamp: happened, recorded_at: recorded })

test('the lag of a source is the median, and a clock that is ahead is negative', () => {
  const second = (at: number) => new Date(at * 1000).toISOString()
  const lags = lagsOf([entry('a', second(0), second(1)), entry('a', second(0), second(2)), entry('a', second(0), second(90)), entry('b', second(9), second(4)), entry('c', 'never', second(4)), { seq: 1 }])
  expect([...lags]).toEqual([
    ['a', 2000],
    ['b', -5000],
  ])
})

test('what was lost is counted by its reason', () => {
  const lost = (detail: Entry['detail']): Entry => ({ seq: 0, event_name: 'entries.dropped', detail })
  expect(lossesOf([lost({ count: 3, reason: 'queue full' }), lost({ count: 4, reason: 'queue full' }), lost('strange'), { seq: 1, event_name: 'log.opened' }])).toEqual([
    { reason: 'queue full', count: 7 },
    { reason: 'no reason is told', count: 1 },
  ])
})

test('settings are lines by their path, and what is not set is said so', () => {
  const lines = settingLines({ listen: ':1', limits: { body_bytes: 5, empty: {} }, tls: null, views: ['a', 'b'] })
  expect(lines.map(({ name, value }) => [name, settingText(value)])).toEqual([
    ['listen', ':1'],
    ['limits.body_bytes', '5'],
    ['limits.empty', '{}'],
    ['tls', 'not set'],
    ['views', 'a, b'],
  ])
  expect(settingText([])).toBe('none')
})
