import { describe, expect, test } from 'vitest'
import { addTerm, negateToken, standing, termText, toggleTerm, withoutToken } from '../../src/query/edit.ts'
import { fieldSuggestions, placeAt, valueSuggestions } from '../../src/query/suggest.ts'
import { offsetOf, tokens } from '../../src/query/tokens.ts'

describe('tokens', () => {
  const check = (query: string, expected: string[]) =>
    expect(tokens(query).map((token) => `${token.negated ? '-' : ''}${token.kind}:${token.field}|${token.sign}${token.value}`)).toEqual(expected)

  test('each word of a query is one token', () => {
    check('', [])
    check('outcome:denied', ['term:outcome|denied'])
    check('  -category:audit  words ', ['-term:category|audit', 'text:|words'])
    check('duration_ms:>=500', ['term:duration_ms|>=500'])
    check('action:"GET /health" x', ['term:action|GET /health', 'text:|x'])
    check('action:"a \\"b\\" c"', ['term:action|a "b" c'])
    check('outcome:(denied OR failure) a', ['term:outcome|(denied OR failure)', 'text:|a'])
    check('(a OR "b)") c', ['group:|(a OR "b)")', 'text:|c'])
    check('a OR NOT b', ['text:|a', 'operator:|OR', 'operator:|NOT', 'text:|b'])
    check('"OR"', ['text:|OR'])
    check('action:"GET /"* x', ['term:action|GET /*', 'text:|x'])
    check('"my field":x', ['term:my field|x'])
    check('--x:1', ['term:x|1'])
  })

  test('what is not finished is a token all the same', () => {
    check('a:', ['term:a|'])
    check('a:"x', ['term:a|x'])
    check('a:(x', ['term:a|(x'])
    check(')', ['text:|'])
    check('-', ['-text:|'])
  })

  test('the tokens of any text cover it in order and end', () => {
    const letters = ['a', ':', '"', '(', ')', '-', ' ', '\\', '>', '😀']
    for (let number = 0; number < 20_000; number += 1) {
      let query = ''
      for (let rest = number; rest > 0; rest = Math.floor(rest / letters.length)) query += letters[rest % letters.length]
      let last = 0
      for (const token of tokens(query)) {
        expect(token.start).toBeGreaterThanOrEqual(last)
        expect(token.end).toBeGreaterThan(token.start)
        expect(query.slice(last, token.start).trim()).toBe('')
        last = token.end
      }
      expect(last).toBeLessThanOrEqual(query.length)
      expect(query.slice(last).trim()).toBe('')
    }
  })

  test('characters are counted as the server counts them', () => {
    expect(offsetOf('abc', 1)).toBe(0)
    expect(offsetOf('😀😀x', 3)).toBe(4)
    expect(offsetOf('abc', 9)).toBe(3)
  })
})

describe('edits', () => {
  test('a value that a word cannot hold is quoted', () => {
    const check = (value: string, expected: string) => expect(termText('id', value)).toBe(expected.replace(/^f/, 'id'))
    check('denied', 'f:denied')
    check('alice@example.org', 'f:alice@example.org')
    check('GET /health', 'f:"GET /health"')
    check('say "x"', 'f:"say \\"x\\""')
    check('a..b', 'f:"a..b"')
    check('deploy*', 'f:"deploy*"')
    check('>5', 'f:">5"')
    check('', 'f:""')
    check('(x)', 'f:"(x)"')
    check('=x', 'f:"=x"')
  })

  test('a term reads back as the value it was made of', () => {
    for (const value of ['a', 'a b', '"', '\\', 'a\\"b', 'x:y', '(', ')', '-', '', 'OR', '日本', 'a..b', '*']) {
      const [token, ...more] = tokens(termText('principal', value))
      expect(more).toEqual([])
      expect(token?.value).toBe(value)
    }
  })

  test('a field that is none of the known ones is quoted, so that it is not taken for a mistyped one', () => {
    expect(termText('outcomes', 'x')).toBe('"outcomes":x')
    expect(termText('detail.exit_code', 2)).toBe('detail.exit_code:2')
    expect(termText('detail.a b', 2)).toBe('"detail.a b":2')
  })

  test('a prefix or a range is not the value that looks like it', () => {
    expect(standing('action:a*', 'action', 'a*')).toBeUndefined()
    expect(standing('action:"a*"', 'action', 'a*')).toBe('wanted')
  })

  test('plus and minus put a term in, turn it round, and take it out', () => {
    expect(toggleTerm('', 'outcome', 'denied', false)).toBe('outcome:denied')
    expect(toggleTerm('outcome:denied x', 'outcome', 'denied', false)).toBe('x')
    expect(toggleTerm('outcome:denied', 'outcome', 'denied', true)).toBe('-outcome:denied')
    expect(toggleTerm('-outcome:denied', 'outcome', 'denied', false)).toBe('outcome:denied')
    expect(standing('a -outcome:denied', 'outcome', 'denied')).toBe('unwanted')
    expect(standing('outcome:>denied', 'outcome', 'denied')).toBeUndefined()
  })

  test('alternatives stay together when a term is added', () => {
    expect(addTerm('a OR b', 'c:d')).toBe('(a OR b) c:d')
    expect(addTerm('f:(a OR b)', 'c:d')).toBe('f:(a OR b) c:d')
  })

  test('a token is removed or negated without touching the others', () => {
    const query = 'a  b:c   d'
    const [, second] = tokens(query)
    if (second === undefined) throw new Error('no second token')
    expect(withoutToken(query, second)).toBe('a d')
    expect(negateToken(query, second)).toBe('a  -b:c   d')
    const [negated] = tokens('-b:c')
    if (negated === undefined) throw new Error('no token')
    expect(negateToken('-b:c', negated)).toBe('b:c')
  })
})

describe('suggestions', () => {
  const field = (query: string, caret = query.length) => {
    const place = placeAt(query, caret)
    return place.kind === 'field' ? fieldSuggestions(place).map(({ label }) => label) : []
  }

  test('a field is offered by its beginning, then by what it contains', () => {
    expect(field('outc')).toEqual(['outcome:'])
    expect(field('-outc')).toEqual(['outcome:'])
    expect(field('name')[0]).toBe('event_name:')
    expect(field('x ').length).toBe(12)
  })

  test('a value is offered with its count, and the rest of the query narrows it', () => {
    const place = placeAt('principal:alice outcome:den', 27)
    expect(place).toMatchObject({ kind: 'value', field: 'outcome', prefix: 'den', rest: 'principal:alice' })
    if (place.kind !== 'value') throw new Error('no value')
    expect(valueSuggestions(place, [{ value: 'denied', count: 1200 }])).toEqual([
      { label: 'denied', says: '1,200', text: 'denied ', start: 24, end: 27, kind: 'value' },
    ])
  })

  test('the caret inside a field name completes that name', () => {
    expect(placeAt('outcome:denied', 3)).toMatchObject({ kind: 'field', prefix: 'out', start: 0, end: 8 })
  })
})
