/** The query language, as far as tests of the viewer need it: a query to a question about one entry. */
import { FIELDS, OPERATORS } from '../../src/query/fields.ts'
import { tokens, type Token } from '../../src/query/tokens.ts'

export class QueryMistake extends Error {
  constructor(
    readonly position: number,
    readonly length: number,
    problem: string,
  ) {
    super(`query, character ${position}: ${problem}`)
  }
}

export type Test = (entry: Record<string, unknown>) => boolean

export function compile(query: string, now: Date): Test {
  return alternatives(tokens(query), query, now, 0)
}

function alternatives(all: Token[], query: string, now: Date, shift: number): Test {
  const groups: Token[][] = [[]]
  for (const token of all) {
    if (token.kind === 'operator' && token.value === 'OR') groups.push([])
    else groups.at(-1)?.push(token)
  }
  const tests = groups.map((group) => together(group, query, now, shift))
  return (entry) => tests.some((test) => test(entry))
}

function together(group: Token[], query: string, now: Date, shift: number): Test {
  const tests: Test[] = []
  let not = false
  for (const token of group) {
    if (token.kind === 'operator') {
      if (token.value === 'NOT') not = !not
      continue
    }
    const test = one(token, query, now, shift)
    const negated = token.negated !== not
    tests.push(negated ? (entry) => !test(entry) : test)
    not = false
  }
  return (entry) => tests.every((test) => test(entry))
}

function one(token: Token, query: string, now: Date, shift: number): Test {
  const at = (offset: number) => [...query.slice(0, offset)].length + 1 + shift
  if (query.slice(token.start, token.end).split('"').length % 2 === 0) {
    throw new QueryMistake(at(query.indexOf('"', token.start)), [...query.slice(query.indexOf('"', token.start))].length, 'the quote is not closed')
  }
  if (token.kind === 'group') {
    const inner = token.value.slice(1, -1)
    return alternatives(tokens(inner), inner, now, at(token.valueStart))
  }
  if (token.kind === 'text') {
    const wanted = token.value.toLowerCase()
    return (entry) => JSON.stringify(entry).toLowerCase().includes(wanted)
  }
  const { field, value } = token
  if (value === '' && !token.isQuoted) throw new QueryMistake(at(token.valueStart), 0, `a value belongs after \`${field}:\``)
  if (field === 'has') return (entry) => valuesAt(entry, value).length > 0
  if (field === 'since' || field === 'until') {
    const moment = momentOf(value, now)
    return (entry) => (Date.parse(String(entry.timestamp)) >= moment) === (field === 'since')
  }
  checkField(token, at(token.start + (token.negated ? 1 : 0)))
  if (value.startsWith('(')) {
    const inner = value.slice(1, -1).split(/\s+OR\s+/)
    const tests = inner.map((part) => equals(field, part.replace(/^"|"$/g, '')))
    return (entry) => tests.some((test) => test(entry))
  }
  if (token.sign !== '') return compare(field, token.sign, value)
  const range = /^(.*?)\.\.(.*)$/.exec(value)
  if (range !== null && !token.isQuoted) {
    const [, from = '', to = ''] = range
    const lower = from === '' ? undefined : compare(field, '>=', from)
    const upper = to === '' ? undefined : compare(field, '<=', to)
    return (entry) => (lower?.(entry) ?? true) && (upper?.(entry) ?? true)
  }
  if (value.endsWith('*') && !token.isQuoted) {
    const prefix = value.slice(0, -1)
    return (entry) => valuesAt(entry, field).some((found) => String(found).startsWith(prefix))
  }
  return equals(field, value)
}

const equals =
  (field: string, value: string): Test =>
  (entry) =>
    valuesAt(entry, field).some((found) => String(found) === value)

function compare(field: string, sign: string, value: string): Test {
  const isTime = /^\d{4}-/.test(value)
  const bound = isTime ? Date.parse(value) : Number(value)
  const holds = (found: number) => (sign === '>' ? found > bound : sign === '>=' ? found >= bound : sign === '<' ? found < bound : found <= bound)
  return (entry) => valuesAt(entry, field).some((found) => holds(isTime ? Date.parse(String(found)) : Number(found)))
}

function checkField(token: Token, position: number): void {
  const known = [...FIELDS, ...OPERATORS].map((field) => field.name)
  if (known.includes(token.field) || token.field.includes('.')) return
  const near = known.find((name) => name[0] === token.field[0] && Math.abs(name.length - token.field.length) <= 1 && slips(name, token.field) <= 2)
  if (near !== undefined) {
    throw new QueryMistake(position, [...token.field].length, `no entry field is called \`${token.field}\`: did you mean \`${near}\`?`)
  }
}

function slips(a: string, b: string): number {
  let count = 0
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) if (a[i] !== b[i]) count += 1
  return count
}

/** `2h` ago, a day, or RFC 3339, in milliseconds. */
export function momentOf(text: string, now: Date): number {
  const relative = /^(\d+)([smhdw])$/.exec(text)
  if (relative === null) return Date.parse(text)
  const unit = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }[relative[2] ?? 's'] ?? 1
  return now.getTime() - Number(relative[1]) * unit * 1000
}

/** Every value of a dotted path, through arrays. */
export function valuesAt(value: unknown, path: string): unknown[] {
  let found: unknown[] = [value]
  for (const name of path.split('.')) {
    found = found.flatMap((one) => {
      const parts = Array.isArray(one) ? one : [one]
      return parts.flatMap((part: unknown) =>
        typeof part === 'object' && part !== null && name in part ? [(part as Record<string, unknown>)[name]] : [],
      )
    })
  }
  return found.flat().filter((one) => one !== null && one !== undefined)
}
