/** How late entries come: from the emitter's clock to the recorder's. */
import type { Entry } from '../api/contract.ts'

/** The median for each source, in milliseconds; negative when the emitter's clock is ahead. */
export function lagsOf(entries: readonly Entry[]): Map<string, number> {
  const found = new Map<string, number[]>()
  for (const { source, timestamp, recorded_at: recordedAt } of entries) {
    const lag = Date.parse(recordedAt ?? '') - Date.parse(timestamp ?? '')
    if (typeof source?.id !== 'string' || Number.isNaN(lag)) continue
    const all = found.get(source.id)
    if (all === undefined) found.set(source.id, [lag])
    else all.push(lag)
  }
  return new Map([...found].map(([id, all]) => [id, all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0]))
}

/** What the log says it lost before it could record it, by reason. */
export function lossesOf(entries: readonly Entry[]): { reason: string; count: number }[] {
  const found = new Map<string, number>()
  for (const { event_name: name, detail } of entries) {
    if (name !== 'entries.dropped') continue
    const { count, reason } = (typeof detail === 'object' && detail !== null ? detail : {}) as { count?: unknown; reason?: unknown }
    const why = typeof reason === 'string' ? reason : 'no reason is told'
    found.set(why, (found.get(why) ?? 0) + (typeof count === 'number' ? count : 1))
  }
  return [...found].map(([reason, count]) => ({ reason, count }))
}
