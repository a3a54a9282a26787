/** What of a payload is shown: text that people can read, and otherwise only what it is. */
import { parse, pretty } from '../text/json.ts'

/** 64 KiB at first: about a thousand lines. */
export const SHOWN_BYTES = 64 * 1024
/** 1 MiB: more text than that in one place makes a page slow; all of it can be saved. */
export const SHOWN_BYTES_MAX = 1024 * 1024

export type PayloadText = { kind: 'text'; text: string; isJson: boolean; isCut: boolean } | { kind: 'other'; why: string }

const TEXTS = /^(?:text\/|application\/(?:json|xml|yaml|toml|javascript|x-ndjson|x-yaml|x-sh|sql|graphql)(?:;|$)|[^;]+\+(?:json|xml|yaml)(?:;|$))/i
const JSONS = /^(?:application\/json|text\/json|[^;]+\+json)(?:;|$)/i

/** Reads up to `limit` bytes as text, when they are said to be text, or nothing says what they are and they look like it. */
export function textOfPayload(content: Uint8Array, mediaType: unknown, limit = SHOWN_BYTES): PayloadText {
  const type = typeof mediaType === 'string' ? mediaType.trim() : ''
  if (type !== '' && !TEXTS.test(type)) return { kind: 'other', why: 'It is not said to be text, so it is not shown.' }
  const isCut = content.length > limit
  let text: string
  try {
    // In a stream, a character that the cut goes through is left out and no mistake.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content.subarray(0, limit), { stream: isCut })
  } catch {
    return { kind: 'other', why: type === '' ? 'Nothing says what it is, and it is not UTF-8 text.' : 'It is said to be text, and is not UTF-8.' }
  }
  if (type === '' && text.includes('\u0000')) return { kind: 'other', why: 'Nothing says what it is, and it is not text.' }
  return { kind: 'text', text, isJson: JSONS.test(type), isCut }
}

/** JSON on lines of its own; the text as it is when it is none. */
export function onLines(text: string): string {
  try {
    return pretty(parse(text))
  } catch {
    return text
  }
}

const ENDINGS: readonly (readonly [RegExp, string])[] = [
  [JSONS, 'json'],
  [/^text\/plain/i, 'txt'],
  [/^image\/png/i, 'png'],
  [/^image\/jpeg/i, 'jpg'],
  [/^application\/pdf/i, 'pdf'],
]

/** A name for a saved payload. Nothing of it is the emitter's own words: those could end in `.exe`. */
export function fileNameOf(seq: number, index: number, mediaType: unknown): string {
  const ending = ENDINGS.find(([type]) => typeof mediaType === 'string' && type.test(mediaType))?.[1] ?? 'bin'
  return `entry-${seq}-payload-${index}.${ending}`
}
