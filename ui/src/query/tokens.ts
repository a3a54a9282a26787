/**
 * The words of a query, each with where it stands. This colours, completes and edits what a person typed; what a query
 * means, and whether it is right, only the server says.
 */

export interface Token {
  kind: 'term' | 'text' | 'group' | 'operator'
  /** UTF-16 offsets in the query: `query.slice(start, end)` is the token, with the minus before it. */
  start: number
  end: number
  negated: boolean
  field: string
  /** `>`, `>=`, `<`, `<=` or nothing. */
  sign: string
  value: string
  valueStart: number
  isQuoted: boolean
}

const SPACE = /\s/

export function tokens(query: string): Token[] {
  const found: Token[] = []
  let at = 0
  while (at < query.length) {
    if (SPACE.test(query.charAt(at))) {
      at += 1
      continue
    }
    const token = tokenAt(query, at)
    found.push(token)
    at = Math.max(token.end, at + 1)
  }
  return found
}

function tokenAt(query: string, start: number): Token {
  let at = start
  let negated = false
  while (query[at] === '-') {
    negated = !negated
    at += 1
  }
  const base = { start, negated, field: '', sign: '', isQuoted: false }
  if (query[at] === '(') {
    const end = groupEnd(query, at)
    return { ...base, kind: 'group', end, value: query.slice(at, end), valueStart: at }
  }
  const name = word(query, at, /[:\s()]/)
  if (query[name.end] !== ':') {
    const isOperator = !name.isQuoted && ['OR', 'AND', 'NOT'].includes(name.text)
    const end = Math.min(Math.max(name.end, at + 1), query.length)
    return { ...base, kind: isOperator ? 'operator' : 'text', end, value: name.text, valueStart: at, isQuoted: name.isQuoted }
  }
  let valueStart = name.end + 1
  const sign = /^(?:>=|<=|>|<)/.exec(query.slice(valueStart))?.[0] ?? ''
  valueStart += sign.length
  const term = { ...base, kind: 'term' as const, field: name.text, sign, valueStart }
  if (query[valueStart] === '(') {
    const end = groupEnd(query, valueStart)
    return { ...term, end, value: query.slice(valueStart, end) }
  }
  const value = word(query, valueStart, /[\s)]/)
  return { ...term, end: value.end, value: value.text, isQuoted: value.isQuoted }
}

function word(query: string, at: number, ends: RegExp): { text: string; end: number; isQuoted: boolean } {
  if (query[at] !== '"') {
    const length = query.slice(at).search(ends)
    const end = length < 0 ? query.length : at + length
    return { text: query.slice(at, end), end, isQuoted: false }
  }
  let text = ''
  let end = at + 1
  while (end < query.length && query[end] !== '"') {
    if (query[end] === '\\') end += 1
    text += query[end] ?? ''
    end += 1
  }
  end = Math.min(end + 1, query.length)
  // A star behind the quote: the value begins so.
  if (query[end] === '*' && query[end - 1] === '"') return { text: `${text}*`, end: end + 1, isQuoted: false }
  return { text, end, isQuoted: true }
}

/** Behind the parenthesis that closes the one at `at`, or the end. */
function groupEnd(query: string, at: number): number {
  let depth = 0
  for (let end = at; end < query.length; end += 1) {
    const letter = query[end]
    if (letter === '"') end = word(query, end, SPACE).end - 1
    else if (letter === '(') depth += 1
    else if (letter === ')') {
      depth -= 1
      if (depth === 0) return end + 1
    }
  }
  return query.length
}

/** UTF-16 offset of the character that the server counts from 1. */
export function offsetOf(query: string, position: number): number {
  let offset = 0
  let left = position - 1
  for (const character of query) {
    if (left <= 0) break
    offset += character.length
    left -= 1
  }
  return offset
}
