/** Changes to a query that a click makes: the text stays as it was typed, apart from the one term. */
import { FIELDS } from './fields.ts'
import { tokens, type Token } from './tokens.ts'

/** Letters that a value can have without quotes, in every place but the first. */
const PLAIN = /^(?!=)[\p{L}\p{N}_@/.+%#&=~:-]+$/u

/** Paths below which every name is the user's own, so that none is taken for a mistyped one. */
const FREE = /^(?:detail|labels)\./

export function quoted(value: string): string {
  const isPlain = PLAIN.test(value) && !value.includes('..')
  return isPlain ? value : `"${value.replace(/["\\]/g, '\\$&')}"`
}

/** A name that is none of the known ones goes in quotes: the server would take it for a slip of the pen. */
function fieldText(field: string): string {
  const isKnown = FREE.test(field) || ['has', ...FIELDS.map(({ name }) => name)].includes(field)
  return isKnown && /^[\p{L}\p{N}_.@-]+$/u.test(field) ? field : quotedAlways(field)
}

const quotedAlways = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`

export function termText(field: string, value: string | number | boolean, negated = false): string {
  return `${negated ? '-' : ''}${fieldText(field)}:${quoted(String(value))}`
}

const isTerm = (token: Token, field: string, value: string): boolean =>
  token.kind === 'term' && token.field === field && token.sign === '' && token.value === value && (token.isQuoted || !/[*(]|\.\./.test(value))

/** How the query speaks of that value. */
export function standing(query: string, field: string, value: string | number | boolean): 'wanted' | 'unwanted' | undefined {
  const token = tokens(query).find((token) => isTerm(token, field, String(value)))
  return token === undefined ? undefined : token.negated ? 'unwanted' : 'wanted'
}

/** The query with the term, in place of its opposite; without it when it is there already. */
export function toggleTerm(query: string, field: string, value: string | number | boolean, negated: boolean): string {
  const token = tokens(query).find((token) => isTerm(token, field, String(value)))
  if (token !== undefined) {
    const rest = withoutToken(query, token)
    return token.negated === negated ? rest : addTerm(rest, termText(field, value, negated))
  }
  return addTerm(query, termText(field, value, negated))
}

/** The query and the term: alternatives are kept together. */
export function addTerm(query: string, term: string): string {
  const text = query.trim()
  if (text === '') return term
  const hasAlternatives = tokens(text).some((token) => token.kind === 'operator' && token.value === 'OR')
  return hasAlternatives ? `(${text}) ${term}` : `${text} ${term}`
}

export function withoutToken(query: string, token: Token): string {
  return `${query.slice(0, token.start).trimEnd()} ${query.slice(token.end).trimStart()}`.trim()
}

export function negateToken(query: string, token: Token): string {
  const bare = query.slice(token.start, token.end).replace(/^-+/, '')
  return query.slice(0, token.start) + (token.negated ? bare : `-${bare}`) + query.slice(token.end)
}
