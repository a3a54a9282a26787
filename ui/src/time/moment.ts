/** Moments as people read them. Stored times carry nanoseconds, which a `Date` cannot: their text is kept beside it. */

export type Zone = 'utc' | 'local'

const two = (value: number) => String(value).padStart(2, '0')
const three = (value: number) => String(value).padStart(3, '0')

export interface Parts {
  date: string
  time: string
  /** Milliseconds, with the dot. */
  fraction: string
}

export function parts(moment: Date, zone: Zone): Parts {
  const isUtc = zone === 'utc'
  const year = isUtc ? moment.getUTCFullYear() : moment.getFullYear()
  const month = (isUtc ? moment.getUTCMonth() : moment.getMonth()) + 1
  const day = isUtc ? moment.getUTCDate() : moment.getDate()
  const hour = isUtc ? moment.getUTCHours() : moment.getHours()
  const minute = isUtc ? moment.getUTCMinutes() : moment.getMinutes()
  const second = isUtc ? moment.getUTCSeconds() : moment.getSeconds()
  return {
    date: `${year}-${two(month)}-${two(day)}`,
    time: `${two(hour)}:${two(minute)}:${two(second)}`,
    fraction: `.${three(moment.getUTCMilliseconds())}`,
  }
}

/** `2026-11-24 13:52:23.630`; the text itself when it is no time. */
export function shortMoment(text: string | undefined, zone: Zone): string {
  if (text === undefined) return ''
  const moment = new Date(text)
  if (Number.isNaN(moment.getTime())) return text
  const { date, time, fraction } = parts(moment, zone)
  return `${date} ${time}${fraction}`
}

/** `+02:00` or `UTC`. */
export function zoneName(zone: Zone, at: Date = new Date()): string {
  if (zone === 'utc') return 'UTC'
  const minutes = -at.getTimezoneOffset()
  const sign = minutes < 0 ? '−' : '+'
  return `UTC${sign}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`
}

/** The moment to the nanosecond, as it is stored, in the zone: for the panel, where nothing may be lost. */
export function fullMoment(text: string | undefined, zone: Zone): string {
  if (text === undefined) return ''
  const moment = new Date(text)
  if (Number.isNaN(moment.getTime())) return text
  const { date, time } = parts(moment, zone)
  const fraction = /\.\d+/.exec(text)?.[0] ?? ''
  return `${date} ${time}${fraction} ${zoneName(zone, moment)}`
}

const STEPS: readonly [limit: number, divisor: number, unit: string][] = [
  [60_000, 1000, 's'],
  [3_600_000, 60_000, 'min'],
  [86_400_000 * 2, 3_600_000, 'h'],
  [86_400_000 * 60, 86_400_000, 'days'],
  [86_400_000 * 365 * 2, 86_400_000 * 30.44, 'months'],
  [Infinity, 86_400_000 * 365.25, 'years'],
]

/** `12 s ago`, `in 3 min`, `now`. */
export function ago(text: string | undefined, now: Date = new Date()): string {
  const moment = new Date(text ?? '')
  if (Number.isNaN(moment.getTime())) return ''
  const span = now.getTime() - moment.getTime()
  const size = Math.abs(span)
  if (size < 1000) return 'now'
  const [, divisor, unit] = STEPS.find(([limit]) => size < limit) ?? [0, 1000, 's']
  const words = `${Math.floor(size / divisor)} ${unit}`
  return span < 0 ? `in ${words}` : `${words} ago`
}

/** `340 ms`, `1.8 s`, `2 min 5 s`, `3 h 2 min`, `4 d 1 h`. */
export function duration(ms: number | undefined | null): string {
  if (ms === undefined || ms === null || !Number.isFinite(ms)) return ''
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(ms < 10_000 ? 1 : 0))} s`
  const two = (big: number, bigUnit: string, small: number, smallUnit: string) =>
    small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's')
  const minutes = Math.round(seconds / 60)
  if (minutes < 1440) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  const hours = Math.round(minutes / 60)
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h')
}
