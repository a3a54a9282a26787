/** The chain that an entry stands in: what it came from, and what came from it. */
import { ApiError, api } from '../api/client.ts'
import type { Entry } from '../api/contract.ts'
import { termText } from '../query/edit.ts'

/** 12 steps up: a chain that is longer is shown from there. */
const UP_MAX = 12
/** 50 entries that name one as their cause. */
const DOWN_MAX = 50

export interface Chain {
  /** The oldest first; the entry itself among them. */
  entries: Entry[]
  /** A cause that is named, and that the log does not have. */
  missing: string | undefined
}

export async function chainOf(entry: Entry, signal: AbortSignal): Promise<Chain> {
  const up: Entry[] = []
  const seen = new Set([entry.id])
  let missing: string | undefined
  let cause = entry.cause_id
  while (typeof cause === 'string' && up.length < UP_MAX && !seen.has(cause)) {
    seen.add(cause)
    try {
      const found: Entry = (await api.entry(cause, signal)).entry
      up.unshift(found)
      cause = found.cause_id
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'entry_not_found') throw error
      missing = cause
      break
    }
  }
  // What came from the same act: all that name the first call of the chain, or this entry, as their cause.
  const roots = [up.at(-1)?.phase === 'pre' ? up.at(-1) : undefined, entry].filter((one) => one !== undefined)
  const down: Entry[] = []
  for (const root of roots) {
    if (typeof root.id !== 'string') continue
    const page = await api.entries({ q: termText('cause_id', root.id), order: 'asc', limit: DOWN_MAX }, signal)
    down.push(...page.entries)
  }
  const all = new Map([...up, entry, ...down].map((one) => [one.seq, one]))
  return { entries: [...all.values()].sort((a, b) => a.seq - b.seq), missing }
}

/** The part that an entry has in the chain. */
export function roleOf(entry: Entry): string {
  if (entry.phase === 'pre') return 'Before'
  if (entry.phase === 'post') return 'After'
  if (entry.event_name === 'policy.decision') return entry.reason?.approver === undefined ? 'Decision' : 'Approval'
  if (/approv/i.test(entry.event_name ?? entry.action ?? '')) return 'Approval'
  return 'Event'
}
