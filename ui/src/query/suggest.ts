/** What could stand where the caret is. */
import { FIELDS, OPERATORS } from './fields.ts'
import { quoted } from './edit.ts'
import { tokens } from './tokens.ts'

export interface Suggestion {
  /** What is shown. */
  label: string
  says: string
  /** What replaces `query.slice(start, end)`. */
  text: string
  start: number
  end: number
  kind: 'field' | 'value'
}

/** What is being typed at the caret. */
export type Place =
  | { kind: 'field'; start: number; end: number; prefix: string }
  | { kind: 'value'; start: number; end: number; field: string; prefix: string; rest: string }

export function placeAt(query: string, caret: number): Place {
  const token = tokens(query).find((token) => token.start < caret && caret <= token.end)
  if (token === undefined || token.kind === 'operator' || token.kind === 'group') {
    return { kind: 'field', start: caret, end: caret, prefix: '' }
  }
  if (token.kind === 'term' && caret >= token.valueStart && !token.value.startsWith('(')) {
    const typed = query.slice(token.valueStart, caret).replace(/^"/, '')
    const rest = `${query.slice(0, token.start)} ${query.slice(token.end)}`.trim()
    return { kind: 'value', start: token.valueStart, end: token.end, field: token.field, prefix: typed, rest }
  }
  const nameStart = token.start + (/^-+/.exec(query.slice(token.start))?.[0].length ?? 0)
  const end = token.kind === 'term' ? token.valueStart : token.end
  return { kind: 'field', start: nameStart, end, prefix: query.slice(nameStart, caret) }
}

/** Those that begin with it, before those that contain it. */
function ranked<T>(all: readonly T[], name: (one: T) => string, prefix: string): T[] {
  const wanted = prefix.toLowerCase()
  const begins = all.filter((one) => name(one).toLowerCase().startsWith(wanted))
  const contains = all.filter((one) => !begins.includes(one) && name(one).toLowerCase().includes(wanted))
  return [...begins, ...contains]
}

/** 12 fit under the box without covering the page. */
const SHOWN_MAX = 12

export function fieldSuggestions(place: Place & { kind: 'field' }, seen: readonly string[] = []): Suggestion[] {
  const own = seen
    .filter((name) => !FIELDS.some((field) => field.name === name))
    .map((name) => ({ name, says: 'in entries on this page' }))
  return ranked([...FIELDS, ...OPERATORS, ...own], (field) => field.name, place.prefix)
    .slice(0, SHOWN_MAX)
    .map(({ name, says }) => ({ label: `${name}:`, says, text: `${name}:`, start: place.start, end: place.end, kind: 'field' }))
}

export function valueSuggestions(
  place: Place & { kind: 'value' },
  counted: readonly { value: string; count?: number }[],
): Suggestion[] {
  const fixed = FIELDS.find((field) => field.name === place.field)?.values ?? []
  const known =
    place.field === 'has'
      ? FIELDS.map((field) => field.name)
      : place.field === 'since' || place.field === 'until'
        ? ['15m', '1h', '6h', '24h', '7d', '30d']
        : fixed
  const more = known.filter((value) => !counted.some((one) => one.value === value)).map((value) => ({ value, count: undefined }))
  return ranked([...counted, ...more], (one) => one.value, place.prefix)
    .slice(0, SHOWN_MAX)
    .map(({ value, count }) => ({
      label: value,
      says: count === undefined ? '' : count.toLocaleString('en'),
      text: `${quoted(value)} `,
      start: place.start,
      end: place.end,
      kind: 'value',
    }))
}
