/** The checkpoints that the server lists, as rows and as a line over time. */
import type { CheckpointRow } from '../api/contract.ts'
import type { SeenCheckpoint } from '../shell/proofs.svelte.ts'

export interface HistoryRow extends CheckpointRow {
  /** Entries since the checkpoint before; unknown of the oldest that was read, unless it is the log's first. */
  since: number | undefined
  /** When this browser itself saw it. */
  seenAt?: string
  /** This browser saw another root at this size. */
  otherRoot?: string
}

/** Rows from the newest on; `isWhole` when no older checkpoint is left to read. */
export function historyRows(rows: readonly CheckpointRow[], seen: readonly SeenCheckpoint[], isWhole: boolean): HistoryRow[] {
  const roots = new Map<number, Map<string, string>>()
  for (const { size, root, at } of seen) roots.set(size, (roots.get(size) ?? new Map<string, string>()).set(root, at))
  return rows.map((row, index) => {
    const before = rows[index + 1]
    const own = roots.get(row.size)
    const seenAt = own?.get(row.root_hash)
    // One that differs counts, also when the same was seen as well: a log has one root for each size.
    const otherRoot = [...(own?.keys() ?? [])].find((root) => root !== row.root_hash)
    return {
      ...row,
      since: before !== undefined ? row.size - before.size : isWhole ? row.size : undefined,
      ...(seenAt !== undefined && { seenAt }),
      ...(otherRoot !== undefined && { otherRoot }),
    }
  })
}

export interface HistoryPoint {
  /** From 0 to 1, from the left. */
  x: number
  /** From 0 to 1, from the bottom. */
  y: number
  /** Its row. */
  index: number
}

/** Where each checkpoint stands, oldest first. Those whose time is not told are left out. */
export function historyPoints(rows: readonly CheckpointRow[]): HistoryPoint[] {
  const timed = rows.map((row, index) => ({ index, size: row.size, at: Date.parse(row.newest_entry_at ?? '') })).filter(({ at }) => !Number.isNaN(at)).reverse()
  const times = timed.map(({ at }) => at)
  const [first, last] = [Math.min(...times), Math.max(...times)]
  const most = Math.max(...timed.map(({ size }) => size), 1)
  return timed.map(({ index, size, at }) => ({ index, x: last > first ? (at - first) / (last - first) : 1, y: size / most }))
}
