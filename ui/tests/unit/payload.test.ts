import { expect, test } from 'vitest'
import { fileNameOf, onLines, SHOWN_BYTES, textOfPayload } from '../../src/entry/payload.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('text and JSON are shown as text, by their media type', () => {
  for (const [type, isJson] of [
    ['text/plain; charset=utf-8', false],
    ['text/html', false],
    ['application/json', true],
    ['application/problem+json; charset=utf-8', true],
    ['application/x-ndjson', false],
    ['image/svg+xml', false],
    ['', false],
    [undefined, false],
  ] as const) {
    expect(textOfPayload(bytes('{"a": 1}'), type)).toEqual({ kind: 'text', text: '{"a": 1}', isJson, isCut: false })
  }
})

test('what is not text is not shown', () => {
  for (const [content, type] of [
    [bytes('x'), 'image/png'],
    [bytes('x'), 'application/octet-stream'],
    [Uint8Array.of(0xff, 0xfe), 'text/plain'],
    [Uint8Array.of(0xff, 0xfe), undefined],
    [bytes('a\u0000b'), undefined],
  ] as const) {
    expect(textOfPayload(content, type)).toMatchObject({ kind: 'other' })
  }
})

test('long text is cut, and never through a character', () => {
  const content = bytes('é'.repeat(SHOWN_BYTES))
  const found = textOfPayload(content, 'text/plain', 1001)
  expect(found).toEqual({ kind: 'text', text: 'é'.repeat(500), isJson: false, isCut: true })
  expect(textOfPayload(content, 'text/plain')).toMatchObject({ isCut: true })
})

test('JSON comes on lines with its numbers as they are; anything else stays', () => {
  expect(onLines('{"a":12345678901234567890}')).toBe('{\n  "a": 12345678901234567890\n}')
  expect(onLines('{"a":')).toBe('{"a":')
})

test('a saved payload has no name that an emitter chose', () => {
  expect(fileNameOf(7, 0, 'application/json')).toBe('entry-7-payload-0.json')
  expect(fileNameOf(7, 1, 'text/plain; charset=utf-8')).toBe('entry-7-payload-1.txt')
  expect(fileNameOf(7, 2, 'application/x-msdownload; name=a.exe')).toBe('entry-7-payload-2.bin')
  expect(fileNameOf(7, 3, { type: 'image/png' })).toBe('entry-7-payload-3.bin')
})
