/**
 * JSON with nothing lost: numbers keep the text they were written in, members keep their order, and one that stands
 * twice is kept twice. `JSON.parse` would round a number of twenty digits, and what is shown here is evidence.
 */

export type Node =
  | { kind: 'object'; members: { key: string; value: Node }[] }
  | { kind: 'array'; items: Node[] }
  | { kind: 'string'; text: string }
  | { kind: 'number' | 'literal'; text: string }

export class InvalidJson extends Error {}

/** 64 deep is what an entry may be; twice that is read, so that a damaged one is still shown. */
const DEPTH_MAX = 128

export function parse(text: string): Node {
  let at = 0
  const fail = (what: string): never => {
    throw new InvalidJson(`${what} at character ${at + 1}`)
  }
  const space = () => {
    while (at < text.length && ' \t\n\r'.includes(text.charAt(at))) at += 1
  }
  const take = (sign: string) => {
    space()
    if (text[at] !== sign) fail(`no \`${sign}\``)
    at += 1
  }
  const string = (): string => {
    const start = at
    at += 1
    while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
    if (at >= text.length) fail('a string is not closed')
    at += 1
    return JSON.parse(text.slice(start, at)) as string
  }
  const value = (depth: number): Node => {
    if (depth > DEPTH_MAX) fail('nested too deep')
    space()
    const sign = text[at]
    if (sign === '{') {
      at += 1
      const members: { key: string; value: Node }[] = []
      space()
      if (text[at] === '}') {
        at += 1
        return { kind: 'object', members }
      }
      for (;;) {
        space()
        if (text[at] !== '"') fail('no name of a member')
        const key = string()
        take(':')
        members.push({ key, value: value(depth + 1) })
        space()
        if (text[at] !== ',') break
        at += 1
      }
      take('}')
      return { kind: 'object', members }
    }
    if (sign === '[') {
      at += 1
      const items: Node[] = []
      space()
      if (text[at] === ']') {
        at += 1
        return { kind: 'array', items }
      }
      for (;;) {
        items.push(value(depth + 1))
        space()
        if (text[at] !== ',') break
        at += 1
      }
      take(']')
      return { kind: 'array', items }
    }
    if (sign === '"') return { kind: 'string', text: string() }
    const scalar = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/.exec(text.slice(at, at + 400))?.[0]
    if (scalar === undefined) return fail('no value')
    at += scalar.length
    return { kind: /^[-\d]/.test(scalar) ? 'number' : 'literal', text: scalar }
  }
  const node = value(0)
  space()
  if (at < text.length) fail('something follows the value')
  return node
}

/** The value on lines of its own, two spaces for each depth. */
export function pretty(node: Node, indent = ''): string {
  const deeper = `${indent}  `
  switch (node.kind) {
    case 'object':
      if (node.members.length === 0) return '{}'
      return `{\n${node.members.map(({ key, value }) => `${deeper}${JSON.stringify(key)}: ${pretty(value, deeper)}`).join(',\n')}\n${indent}}`
    case 'array':
      if (node.items.length === 0) return '[]'
      return `[\n${node.items.map((item) => deeper + pretty(item, deeper)).join(',\n')}\n${indent}]`
    case 'string':
      return JSON.stringify(node.text)
    default:
      return node.text
  }
}
