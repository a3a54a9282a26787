/** The span of time that is looked at, as it stands in the address: relative (`2h`), or two moments. */
import { parts, zoneName, type Zone } from './moment.ts'

export interface TimeRange {
  from: string
  to: string
}

export const PRESETS: readonly { from: string; label: string }[] = [
  { from: '15m', label: 'Last 15 minutes' },
  { from: '1h', label: 'Last hour' },
  { from: '6h', label: 'Last 6 hours' },
  { from: '24h', label: 'Last 24 hours' },
  { from: '7d', label: 'Last 7 days' },
  { from: '30d', label: 'Last 30 days' },
  { from: '', label: 'All time' },
]

export const isRelative = (text: string): boolean => /^\d+[a-z]+$/i.test(text)

const UNITS: Record<string, string> = { s: 'seconds', m: 'minutes', h: 'hours', d: 'days', w: 'weeks' }

/** The range in words, for the button that is always in view. */
export function rangeWords(range: TimeRange, zone: Zone): string {
  if (range.from === '' && range.to === '') return 'All time'
  const preset = PRESETS.find((preset) => preset.from === range.from && range.to === '')
  if (preset !== undefined) return preset.label
  const one = (text: string): string => {
    const relative = /^(\d+)([smhdw])$/.exec(text)
    if (relative !== null) return `${relative[1]} ${UNITS[relative[2] ?? ''] ?? ''} ago`
    const moment = new Date(text)
    if (Number.isNaN(moment.getTime()) || /^\d{4}-\d\d-\d\d$/.test(text)) return text
    const { date, time, fraction } = parts(moment, zone)
    return `${date} ${time}${fraction === '.000' ? '' : fraction}`
  }
  const absolute = [range.from, range.to].some((text) => text !== '' && !isRelative(text))
  const suffix = absolute ? ` ${zoneName(zone)}` : ''
  if (range.to === '') return `Since ${one(range.from)}${suffix}`
  if (range.from === '') return `Until ${one(range.to)}${suffix}`
  const [from, to] = [one(range.from), one(range.to)]
  const day = from.slice(0, 10)
  return `${from} – ${to.startsWith(`${day} `) && day.length === 10 ? to.slice(11) : to}${suffix}`
}

/** What a person typed as an absolute moment, as RFC 3339; `undefined` when it is none. */
export function readMoment(text: string, zone: Zone): string | undefined {
  const trimmed = text.trim()
  if (trimmed === '' || isRelative(trimmed)) return trimmed
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?)?\s*(Z|[+-]\d\d:\d\d)?$/.exec(trimmed)
  if (match === null) return undefined
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', offset] = match
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  const moment = new Date(offset !== undefined ? iso + offset : zone === 'utc' ? `${iso}Z` : iso)
  if (Number.isNaN(moment.getTime())) return undefined
  if (offset === undefined && parts(moment, zone).date !== `${year}-${month}-${day}`) return undefined
  return moment.toISOString().replace('.000Z', `${fraction}Z`)
}
