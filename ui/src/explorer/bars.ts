/** The numbers of the histogram as the chart draws them: every bucket, also the empty ones, stacked by outcome. */
import type { Entry, Histogram } from '../api/contract.ts'

/** From the bottom up; what is none of these is `other`. */
export const STACK = ['success', 'unknown', 'denied', 'failure', 'other'] as const
export type Kind = (typeof STACK)[number]

/** 4,000 buckets: more than a chart has pixels, should the server send a strange width. */
const BUCKETS_MAX = 4000

export interface Bars {
  /** Seconds at which each bucket begins. */
  x: number[]
  /** For each kind, from the bottom up: the sum of it and of those below it. */
  stacked: number[][]
  counts: Record<Kind, number>[]
}

export const kindOf = (outcome: string): Kind => (STACK as readonly string[]).includes(outcome) ? (outcome as Kind) : 'other'

export function barsOf(histogram: Histogram): Bars {
  const width = histogram.interval_ms
  const found = new Map(histogram.buckets.map((bucket) => [Date.parse(bucket.start), bucket]))
  const starts = [...found.keys()].filter((start) => !Number.isNaN(start))
  const first = Math.min(...starts)
  const last = Math.max(...starts)
  const x: number[] = []
  const counts: Record<Kind, number>[] = []
  const isRegular = width > 0 && (last - first) / width < BUCKETS_MAX
  const times: number[] = []
  // Weeks and longer do not all have the same length in every zone, so what was found goes in as it is.
  if (isRegular) for (let time = first; time <= last; time += width) times.push(time)
  for (const time of [...new Set([...times, ...starts])].sort((a, b) => a - b)) {
    x.push(time / 1000)
    const one: Record<Kind, number> = { success: 0, unknown: 0, denied: 0, failure: 0, other: 0 }
    for (const [outcome, count] of Object.entries(found.get(time)?.outcomes ?? {})) one[kindOf(outcome)] += count
    const known = Object.values(one).reduce((sum, count) => sum + count, 0)
    one.other += Math.max((found.get(time)?.count ?? 0) - known, 0)
    counts.push(one)
  }
  const stacked = STACK.map((_, level) => counts.map((one) => STACK.slice(0, level + 1).reduce((sum, kind) => sum + one[kind], 0)))
  return { x, stacked, counts }
}

export interface Hatch {
  /** Seconds. */
  from: number
  to: number
  why: string
}

export interface Mark {
  at: number
  kind: 'config' | 'checkpoint' | 'gap'
  why: string
}

/** What the log says is missing, and when how it works was changed. Entries come newest first. */
export function marksOf(entries: Entry[]): { hatches: Hatch[]; marks: Mark[] } {
  const hatches: Hatch[] = []
  const marks: Mark[] = []
  let closed: number | undefined
  for (const entry of entries.toReversed()) {
    const at = Date.parse(entry.timestamp ?? '') / 1000
    if (Number.isNaN(at)) continue
    switch (entry.event_name) {
      case 'log.closed':
        closed = at
        break
      case 'log.opened':
        if (closed !== undefined && at > closed) hatches.push({ from: closed, to: at, why: 'the recorder was down' })
        closed = undefined
        break
      case 'gap.detected':
      case 'entries.dropped': {
        const detail = entry.detail as { missing?: number; count?: number; source?: string } | undefined
        const count = detail?.missing ?? detail?.count
        marks.push({ at, kind: 'gap', why: `${count ?? 'some'} entries are missing${detail?.source === undefined ? '' : ` from ${detail.source}`}` })
        break
      }
      default:
        marks.push({ at, kind: 'config', why: entry.action ?? entry.event_name ?? 'a change of settings' })
    }
  }
  return { hatches, marks }
}

/** The span, moved or stretched about its middle. */
export function moved(from: number, to: number, by: { shift?: number; stretch?: number }): { from: string; to: string } {
  const span = to - from
  const middle = (from + to) / 2 + span * (by.shift ?? 0)
  const half = (span * (by.stretch ?? 1)) / 2
  return { from: new Date((middle - half) * 1000).toISOString(), to: new Date((middle + half) * 1000).toISOString() }
}
