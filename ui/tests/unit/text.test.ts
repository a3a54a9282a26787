import { expect, test } from 'vitest'
import { parse, pretty } from '../../src/text/json.ts'
import { bytes, shown, visible } from '../../src/text/visible.ts'

test('signs that hide or turn text are shown as signs', () => {
  const check = (text: string, expected: string) => expect(visible(text)).toBe(expected)
  check('plain <b>text</b>', 'plain <b>text</b>')
  check('a\u0000b\u001b[31m', 'a␀b␛[31m')
  check('a\nb\tc', 'a⏎b⇥c')
  check('abc\u202etxt.exe', 'abc⟨U+202E⟩txt.exe')
  check('a\u200bb\ufeff', 'a⟨U+200B⟩b⟨U+FEFF⟩')
  check('日本 العربية 😀', '日本 العربية 😀')
  expect(visible('a\nb\u0007', true)).toBe('a\nb␇')
})

test('any value is shown as one line', () => {
  expect(shown({ a: 'x\ny' })).toBe('{"a":"x\\ny"}')
  expect(shown(undefined)).toBe('')
  expect(shown(null)).toBe('null')
})

test('a number keeps the text it was written in', () => {
  const text = '{"big":12345678901234567890,"precise":1.10,"exp":1e400,"twice":1,"twice":2}'
  const node = parse(text)
  expect(pretty(node).replace(/\n\s*/g, '').replaceAll('": ', '":')).toBe(text)
})

test('what is no JSON is told with its place', () => {
  const check = (text: string, expected: string) => expect(() => parse(text)).toThrow(expected)
  check('', 'no value at character 1')
  check('{"a":1,}', 'no name of a member at character 8')
  check('[1 2]', 'no `]` at character 4')
  check('"open', 'a string is not closed')
  check('{} x', 'something follows the value')
  check('['.repeat(500), 'nested too deep')
})

test('JSON of every shape is read as the browser reads it', () => {
  for (const value of [[], {}, [[]], { a: [1, -2.5, true, null, 'x"\\\u0007é'] }, 'text', 0]) {
    expect(JSON.parse(pretty(parse(JSON.stringify(value))))).toEqual(value)
  }
})

test('sizes are said in binary units', () => {
  const check = (size: number, expected: string) => expect(bytes(size)).toBe(expected)
  check(0, '0 B')
  check(1023, '1023 B')
  check(1536, '1.5 KiB')
  check(412_316_860_416, '384 GiB')
})
