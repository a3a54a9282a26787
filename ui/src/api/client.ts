/**
 * The one place that speaks to the server: JSON in, typed answers or an `ApiError` out. It also knows whether the
 * server can be reached and whether the session still holds, which the page shows.
 */
import type {
  CheckpointsPage,
  CreatedToken,
  EntriesPage,
  Entry,
  Facets,
  Histogram,
  NewToken,
  ProblemBody,
  Readiness,
  Session,
  SessionsPage,
  Settings,
  Sources,
  Status,
  Tokens,
} from './contract.ts'
import { connection } from './connection.svelte.ts'

/** Why a request has no answer. */
export class ApiError extends Error {
  constructor(
    readonly kind: 'problem' | 'unreachable',
    message: string,
    readonly problem?: ProblemBody,
    readonly retryAfterSeconds?: number,
  ) {
    super(message)
  }

  get code(): string {
    return this.problem?.code ?? this.kind
  }

  /** Character of the query at which its mistake begins, from 1. */
  get position(): number | undefined {
    return this.problem?.position ?? undefined
  }

  /** How many characters are wrong from there; none when something is missing. */
  get length(): number | undefined {
    return this.problem?.length ?? undefined
  }
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError'

type Value = string | number | boolean | undefined | null
export type Params = Record<string, Value | readonly string[]>

/** The path with its parameters; those without a value are left out. */
export function address(path: string, params: Params = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === null || value === '') continue
    for (const each of Array.isArray(value) ? value : [value]) search.append(name, String(each))
  }
  const text = search.toString()
  return text === '' ? path : `${path}?${text}`
}

async function ask(path: string, params: Params, init: RequestInit): Promise<Response> {
  let answer: Response
  try {
    answer = await fetch(address(path, params), { credentials: 'same-origin', cache: 'no-store', ...init })
  } catch (error) {
    if (isAbort(error)) throw error
    connection.lost()
    throw new ApiError('unreachable', 'the server cannot be reached')
  }
  connection.reached()
  if (answer.ok) return answer
  const problem = await problemOf(answer)
  if (answer.status === 401) connection.expired()
  throw new ApiError('problem', problem.detail, problem, Number(answer.headers.get('retry-after')) || undefined)
}

/** The problem that an answer is; one made up from its status when it is from something before the server. */
async function problemOf(answer: Response): Promise<ProblemBody> {
  const text = await answer.text().catch(() => '')
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null && 'detail' in body && typeof body.detail === 'string') {
      return body as ProblemBody
    }
  } catch {
    // Not JSON: a proxy's page, whose words help nobody here.
  }
  const detail = `the answer was ${answer.status} ${answer.statusText}`.trim()
  return { type: 'about:blank', title: answer.statusText, status: answer.status, code: 'internal', detail }
}

async function json<T>(path: string, params: Params, signal?: AbortSignal): Promise<T> {
  const answer = await ask(path, params, { signal, headers: { accept: 'application/json' } })
  return (await answer.json()) as T
}

export interface Scope {
  q?: string
  from?: string
  to?: string
}

export interface StoredEntry {
  /** Exactly the bytes that are stored and hashed. */
  line: Uint8Array
  entry: Entry
  leafHash: string | null
}

/** A payload as it lies beside the log. */
export interface StoredPayload {
  content: Uint8Array<ArrayBuffer>
  /** The bytes before the content, in hexadecimal: the digest is of both. */
  salt: string
}

export const api = {
  entries: (params: Scope & { cursor?: string; limit?: number; order?: 'asc' | 'desc' }, signal?: AbortSignal) =>
    json<EntriesPage>('/v1/entries', { ...params }, signal),
  histogram: (params: Scope & { buckets?: number }, signal?: AbortSignal) =>
    json<Histogram>('/v1/histogram', { ...params }, signal),
  facets: (params: Scope & { field?: readonly string[]; limit?: number }, signal?: AbortSignal) =>
    json<Facets>('/v1/facets', { ...params }, signal),
  sessions: (params: Scope & { cursor?: string; limit?: number }, signal?: AbortSignal) =>
    json<SessionsPage>('/v1/sessions', { ...params }, signal),
  session: (id: string, signal?: AbortSignal) => json<Session>(`/v1/sessions/${encodeURIComponent(id)}`, {}, signal),
  sources: (signal?: AbortSignal) => json<Sources>('/v1/sources', {}, signal),
  status: (signal?: AbortSignal) => json<Status>('/v1/status', {}, signal),
  readiness: async (signal?: AbortSignal): Promise<Readiness> => {
    // 503 is an answer here: it says what the server is not ready for.
    const answer = await fetch('/readyz', { signal, cache: 'no-store' })
    return (await answer.json()) as Readiness
  },

  async entry(name: string | number, signal?: AbortSignal): Promise<StoredEntry> {
    const answer = await ask(`/v1/entries/${encodeURIComponent(String(name))}`, {}, { signal })
    const line = new Uint8Array(await answer.arrayBuffer())
    const entry = JSON.parse(new TextDecoder().decode(line)) as Entry
    return { line, entry, leafHash: answer.headers.get('bulla-leaf-hash') }
  },

  async proof(seq: number, signal?: AbortSignal): Promise<string> {
    const answer = await ask(`/v1/entries/${seq}/proof`, {}, { signal })
    return answer.text()
  },

  async payload(seq: number, index: number, signal?: AbortSignal): Promise<StoredPayload> {
    const answer = await ask(`/v1/entries/${seq}/payloads/${index}`, {}, { signal })
    return { content: new Uint8Array(await answer.arrayBuffer()), salt: answer.headers.get('bulla-payload-salt') ?? '' }
  },
  /** Checkpoints, the newest first; `before` a size goes on. */
  checkpoints: (params: { limit?: number; before?: number }, signal?: AbortSignal) =>
    json<CheckpointsPage>('/v1/checkpoints', { ...params }, signal),

  tokens: (signal?: AbortSignal) => json<Tokens>('/v1/tokens', {}, signal),
  async createToken(wanted: NewToken): Promise<CreatedToken> {
    const init = { method: 'POST', headers: { accept: 'application/json', 'content-type': 'application/json' }, body: JSON.stringify(wanted) }
    const answer = await ask('/v1/tokens', {}, init)
    return (await answer.json()) as CreatedToken
  },
  async revokeToken(fingerprint: string): Promise<void> {
    await ask(`/v1/tokens/${encodeURIComponent(fingerprint)}`, {}, { method: 'DELETE' })
  },
  settings: (signal?: AbortSignal) => json<Settings>('/v1/settings', {}, signal),

  /** Turns a token, or the code of a printed link, into the session cookie. */
  async logIn(credential: { token: string } | { code: string }): Promise<void> {
    let answer: Response
    try {
      answer = await fetch('/login', {
        method: 'POST',
        credentials: 'same-origin',
        redirect: 'manual',
        body: new URLSearchParams(credential),
      })
    } catch {
      throw new ApiError('unreachable', 'the server cannot be reached')
    }
    if (answer.type === 'opaqueredirect' || answer.ok) return
    const problem = await problemOf(answer)
    throw new ApiError('problem', problem.detail, problem)
  },

  async logOut(): Promise<void> {
    await fetch('/logout', { method: 'POST', credentials: 'same-origin', redirect: 'manual' })
  },
}
