/**
 * Text that an emitter wrote, so that it cannot pretend: control characters, line ends and the signs that turn the
 * direction of writing are shown as signs. What comes out is still only ever put on the page as text.
 */

// C0, DEL and C1; then what is invisible or turns the direction: soft hyphen, zero width, bidi, line and paragraph
// separators, byte order mark, tags.
// eslint-disable-next-line no-control-regex -- these are what it is about
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu

export function visible(text: string, keepLines = false): string {
  return text.replace(HIDDEN, (sign) => {
    if (keepLines && (sign === '\n' || sign === '\t')) return sign
    const code = sign.codePointAt(0) ?? 0
    if (sign === '\n') return '⏎'
    if (sign === '\t') return '⇥'
    if (code < 0x20) return String.fromCodePoint(0x2400 + code)
    if (code === 0x7f) return '␡'
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
  })
}

/** Any value as one line. */
export function shown(value: unknown): string {
  if (value === undefined) return ''
  return visible(typeof value === 'string' ? value : JSON.stringify(value))
}

export function bytes(size: number | null | undefined): string {
  if (size === null || size === undefined) return ''
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = size
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`
}

export const number = (value: number): string => value.toLocaleString('en')
export const plural = (count: number, one: string, many = `${one}s`): string => `${number(count)} ${count === 1 ? one : many}`
