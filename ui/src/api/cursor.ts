/**
 * Where a page of entries begins, in the public form of the API's cursors: an order, and the numbers of the entries that
 * are still to be looked at. So a list can begin anywhere, and jump.
 */

export type Order = 'asc' | 'desc'

/** Entries that are still to come, when every one of them is a row. */
export interface Rest {
  count: number
  /** The cursor behind so many of them. */
  cursor(at: number): string
}

/** The cursor of a list that begins with this entry. */
export const beginAt = (order: Order, seq: number): string => (order === 'desc' ? `d0-${seq + 1}` : `a${seq}-${Number.MAX_SAFE_INTEGER}`)

/** What a cursor leaves; `undefined` when there is none, or it has another form. */
export function restOf(cursor: string | null | undefined): Rest | undefined {
  const match = /^([da])(\d+)-(\d+)$/.exec(cursor ?? '')
  if (match === null) return undefined
  const [start, end] = [Number(match[2]), Number(match[3])]
  return { count: end - start, cursor: (at) => (match[1] === 'd' ? `d${start}-${end - at}` : `a${start + at}-${end}`) }
}
