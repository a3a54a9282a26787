/** An entry as one plain sentence. It says no more than the fields do: what is missing is left out, never guessed. */
import type { Actor, Entry, Json } from '../api/contract.ts'
import { duration } from '../time/moment.ts'

/** A piece of the sentence; `value` is what an emitter wrote. */
export interface Piece {
  text: string
  value?: boolean
}

const say = (text: string): Piece => ({ text })
const value = (text: unknown): Piece => ({ text: String(text), value: true })

/** 160 characters of a value are enough for a sentence; the rest is below it. */
const VALUE_MAX = 160

export function sentence(entry: Entry): Piece[] {
  const isPre = entry.phase === 'pre'
  const pieces = [...subject(entry), say(' '), ...act(entry, isPre), ...ending(entry, isPre), say('.')]
  return pieces.map((piece) =>
    piece.value === true && piece.text.length > VALUE_MAX ? { ...piece, text: `${piece.text.slice(0, VALUE_MAX)}…` } : piece,
  )
}

export const sentenceText = (entry: Entry): string =>
  sentence(entry)
    .map((piece) => piece.text)
    .join('')

const TYPES: Record<string, string> = {
  service_account: 'service account',
  api_key: 'API key',
  agent: 'agent',
  subagent: 'subagent',
  skill: 'skill',
  plugin: 'plugin',
  system: 'system',
  user: 'user',
}

export const actorName = (actor: Actor | undefined): string | undefined => actor?.name ?? actor?.id

function subject(entry: Entry): Piece[] {
  const { principal, actor } = entry
  const name = actorName(actor)
  const type = TYPES[actor?.type ?? ''] ?? ''
  const behalf = (actor?.on_behalf_of ?? []).map(nameOf).filter((one) => one !== undefined && one !== principal)
  const pieces: Piece[] = []
  if (principal !== undefined && principal !== null && principal !== '') {
    pieces.push(value(principal))
    if (name !== undefined && name !== principal) pieces.push(say(`, via ${type === '' ? '' : `${type} `}`), value(name))
  } else if (name !== undefined) {
    pieces.push(say(type === '' ? '' : `${type.charAt(0).toUpperCase()}${type.slice(1)} `), value(name))
  } else {
    pieces.push(say(actor?.type === 'anonymous' ? 'Somebody who was not logged in' : 'Somebody'))
  }
  if (behalf.length > 0) pieces.push(say(' on behalf of '), value(behalf.join(', ')))
  if (pieces.length > 1 && pieces[0]?.value === true) pieces.push(say(','))
  return pieces.filter((piece) => piece.text !== '')
}

function nameOf(who: Json): string | undefined {
  if (typeof who === 'string') return who
  if (typeof who !== 'object' || who === null || Array.isArray(who)) return undefined
  const name = who.name ?? who.id
  return typeof name === 'string' ? name : undefined
}

/** What was done, before it was done, and when it was not allowed. */
type Verb = readonly [past: string, before: string, denied: string]

const verb = (past: string, bare: string): Verb => [past, `is about to ${bare}`, `wanted to ${bare}`]
const always = (words: string): Verb => [words, words, words]

/** Names of events that read better in words. */
const EVENTS: Record<string, Verb> = {
  'auth.login': verb('logged in', 'log in'),
  'auth.logout': verb('logged out', 'log out'),
  'access.denied': always('was refused'),
  'session.start': verb('began a session', 'begin a session'),
  'session.end': verb('ended a session', 'end a session'),
  'session.prompt': always('gave a prompt'),
  'session.message': verb('sent a message', 'send a message'),
  'model.usage': always('noted the use of a model'),
  'model.message': always('had a message from the model'),
  'model.reasoning': always('reasoned'),
  'log.opened': verb('opened the log', 'open the log'),
  'log.closed': verb('closed the log', 'close the log'),
  'gap.detected': always('noticed a gap'),
  'entries.dropped': always('lost entries'),
  'clock.stepped': always('noticed that the clock stepped'),
  'export.created': verb('exported entries', 'export entries'),
  'key.rotated': verb('rotated the key', 'rotate the key'),
}

function act(entry: Entry, isPre: boolean): Piece[] {
  const form = isPre ? 1 : entry.outcome === 'denied' ? 2 : 0
  const tool = entry.tool?.name
  const target = targetText(entry)
  const onto = target === undefined ? [] : [say(' on '), value(target)]
  if (typeof tool === 'string') {
    const server = typeof entry.tool?.server === 'string' ? [say(' of '), value(entry.tool.server)] : []
    const words = entry.event_name === 'policy.decision' ? always('decided about running') : verb('ran', 'run')
    return [say(`${words[form]} `), value(tool), ...server, ...onto]
  }
  const words = EVENTS[entry.event_name ?? '']
  if (words !== undefined) return [say(words[form]), ...onto]
  const { method, route, path } = entry.request ?? {}
  if (typeof method === 'string') {
    return [say(isPre ? 'is about to request ' : 'requested '), value(`${method} ${String(route ?? path ?? '')}`.trim()), ...onto]
  }
  return [say(`${verb('did', 'do')[form]} `), value(entry.action ?? 'something'), ...onto]
}

function ending(entry: Entry, isPre: boolean): Piece[] {
  if (isPre) return []
  const took = duration(entry.duration_ms)
  const why = reasonText(entry)
  const because = why === undefined ? [] : [say(': '), value(why)]
  switch (entry.outcome) {
    case 'success':
      return took === '' ? [say('; it succeeded')] : [say(`; it succeeded after ${took}`)]
    case 'failure': {
      const code = exitCode(entry.detail) ?? statusCode(entry)
      const after = took === '' ? '' : ` after ${took}`
      return [say(`; it failed${code === undefined ? '' : ` with ${code}`}${after}`), ...because]
    }
    case 'denied':
      return [say('; it was denied'), ...because]
    default:
      return [say('; how it ended is not known')]
  }
}

function exitCode(detail: Json | undefined): string | undefined {
  if (typeof detail !== 'object' || detail === null || Array.isArray(detail)) return undefined
  return typeof detail.exit_code === 'number' ? `exit code ${detail.exit_code}` : undefined
}

function statusCode(entry: Entry): string | undefined {
  const status = entry.request?.status_code
  return typeof status === 'number' ? `status ${status}` : undefined
}

function reasonText(entry: Entry): string | undefined {
  return entry.reason?.message ?? entry.reason?.code ?? entry.reason?.rule ?? undefined
}

/** What was acted on, in a few words. */
export function targetText(entry: Entry): string | undefined {
  const targets = Array.isArray(entry.targets) ? entry.targets : []
  const [first] = targets
  if (first !== undefined) {
    const name = first.name ?? first.uri ?? first.id ?? first.type
    if (name !== undefined) return targets.length > 1 ? `${name} and ${targets.length - 1} more` : String(name)
  }
  return undefined
}

/** The one line that tells entries of the same action apart: target, else what a tool was given, else a request's path. */
export function subjectText(entry: Entry): string {
  const target = targetText(entry)
  if (target !== undefined) return target
  const input = inputOf(entry.detail)
  if (input !== undefined) return input
  const path = entry.request?.path ?? entry.request?.route
  if (typeof path === 'string') return path
  return entry.reason?.message ?? ''
}

/** Names of a tool's input that say what it was asked to do, the best first. */
const TELLING = ['command', 'cmd', 'description', 'file_path', 'path', 'pattern', 'query', 'url', 'prompt', 'text', 'message']

function inputOf(detail: Json | undefined): string | undefined {
  if (typeof detail !== 'object' || detail === null || Array.isArray(detail)) return undefined
  const input = detail.input ?? detail.arguments ?? detail
  if (typeof input === 'string') return input
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return undefined
  for (const name of TELLING) {
    const found = input[name]
    if (typeof found === 'string') return found
    if (Array.isArray(found) && found.every((part) => typeof part === 'string')) return found.join(' ')
  }
  return undefined
}
