/**
 * The reading API over a log in memory, and the ways in which it can go wrong: slow, gone, logged out, empty, or with
 * nothing found for a long while.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { MockLog } from './log.ts'
import type { CheckpointsPage, CreatedToken, Facet, Facets, Histogram, NewToken, SessionsPage, Source, Sources, Status, Token, Tokens } from '../../src/api/contract.ts'
import { QueryMistake, compile, momentOf, valuesAt, type Test } from './query.ts'
import { sessionOf, sessionsOf } from './sessions.ts'

export interface Faults {
  slowMs: number
  isLoggedOut: boolean
  /** Routes (by the beginning of their path) that answer 500. */
  broken: string[]
  /** Batches without a match before a page of entries comes. */
  emptyPages: number
  /** Counts are multiplied by it, and told as an estimate. */
  estimate: number
  /** The reader's token has no scope `admin`. */
  isNoAdmin: boolean
}

/** What one instance sent since the server began. */
const COUNTS: Status['sources'][number] = { source: 'web-gateway', instance: 'gw-1', recorded: 1204, duplicates: 2, rejected: 1, missing: 7, next_seq: 4107 }

export const isApi = (path: string): boolean => /^\/(v1|checkpoint|tile|log\.json|login|logout|healthz|readyz|metrics|openapi\.json)/.test(path)

export const NO_FAULTS: Faults = { slowMs: 0, isLoggedOut: false, broken: [], emptyPages: 0, estimate: 1, isNoAdmin: false }

export class MockApi {
  faults: Faults = { ...NO_FAULTS }
  /** Every path that was asked for. */
  readonly asked: string[] = []
  token = 'bulla_mock_token'
  now = () => new Date()
  readonly tokens: Token[] = [
    { name: 'web-gateway', source: 'web-gateway', scopes: ['write'], fingerprint: 'f1a0c3d2', created_at: '2026-03-02T09:12:00Z', is_valid: true },
    { name: 'auditor', source: 'auditor', scopes: ['read', 'verify'], fingerprint: '09be77aa', created_at: '2026-05-11T14:03:21Z', expires_at: '2026-08-11T14:03:21Z', is_valid: false },
    { name: 'old-ci', source: 'ci', scopes: ['write'], fingerprint: '77c1e0b4', created_at: '2025-11-20T08:00:00Z', revoked_at: '2026-02-01T10:30:00Z', is_valid: false },
  ]
  settings: Record<string, unknown> = { listen: '127.0.0.1:2852', log: '/var/lib/bulla/audit', publish_interval_ms: 1000, queue_bytes_max: 67_108_864, tls_cert: null, metrics_public: false, 'limits.body_bytes_max': 16_777_216, views: ['search', 'entry', 'export'] }

  constructor(public log: MockLog) {}

  /** Answers, or says that the path is none of the API's. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const url = new URL(request.url ?? '/', 'http://mock')
    const path = url.pathname
    if (!isApi(path)) return false
    this.asked.push(path + url.search)
    if (this.faults.slowMs > 0 && path.startsWith('/v1')) await new Promise((resolve) => setTimeout(resolve, this.faults.slowMs))
    try {
      if (path === '/login') await this.#logIn(request, response)
      else if (path === '/logout') this.#logOut(response)
      else if (path === '/healthz') this.#json(response, { alive: true })
      else if (path === '/readyz') this.#json(response, { writable: true, verified: 'clean', forwarding: 'none' })
      else if (this.faults.isLoggedOut) this.#problem(response, 401, 'unauthenticated', 'no valid session')
      else if (this.faults.broken.some((prefix) => path.startsWith(prefix))) this.#problem(response, 500, 'read_failed', 'read segment 0: input/output error')
      else if (path.startsWith('/v1/tokens') || path === '/v1/settings') await this.#admin(path, request, response)
      else this.#route(path, url.searchParams, request, response)
    } catch (error) {
      if (error instanceof QueryMistake) this.#problem(response, 400, 'invalid_query', error.message, error)
      else this.#problem(response, 500, 'internal', String(error))
    }
    return true
  }

  #route(path: string, params: URLSearchParams, request: IncomingMessage, response: ServerResponse): void {
    const { log } = this
    if (path === '/checkpoint') return this.#text(response, log.checkpoint())
    if (path === '/log.json') return this.#json(response, { origin: log.origin, vkey: log.vkey })
    if (path.startsWith('/tile/')) return this.#tile(path, response)
    if (path === '/v1/entries') return this.#entries(params, response)
    if (path === '/v1/histogram') return this.#histogram(params, response)
    if (path === '/v1/facets') return this.#facets(params, response)
    if (path === '/v1/tail') return this.#tail(params, request, response)
    if (path === '/v1/status') return this.#json(response, this.#status())
    if (path === '/v1/sources') return this.#json<Sources>(response, { sources: this.#sources(), ...this.#complete() })
    if (path === '/v1/export') return this.#export(params, response)
    if (path === '/v1/sessions') {
      const all = sessionsOf(this.#found(params))
      const from = Number(params.get('cursor') ?? 0)
      const end = from + Number(params.get('limit') ?? 50)
      return this.#json<SessionsPage>(response, { sessions: all.slice(from, end), next_cursor: end < all.length ? String(end) : null, ...this.#complete() })
    }
    const session = /^\/v1\/sessions\/(.+)$/.exec(path)
    if (session !== null) {
      const found = sessionOf(decodeURIComponent(session[1] ?? ''), log.entries)
      return found === undefined ? this.#problem(response, 404, 'not_found', 'there is no such session') : this.#json(response, found)
    }
    if (path === '/v1/checkpoints') return this.#checkpoints(params, response)
    const payload = /^\/v1\/entries\/([^/]+)\/payloads\/(\d+)$/.exec(path)
    if (payload !== null) return this.#payload(decodeURIComponent(payload[1] ?? ''), Number(payload[2]), response)
    const entry = /^\/v1\/entries\/([^/]+)(\/proof)?$/.exec(path)
    if (entry !== null) return this.#entry(decodeURIComponent(entry[1] ?? ''), entry[2] !== undefined, response)
    this.#problem(response, 404, 'not_found', 'there is no such route')
  }

  #complete() {
    return { complete_to_seq: this.log.size, size: this.log.size, indexed_to_seq: this.log.size }
  }

  #found(params: URLSearchParams): Record<string, unknown>[] {
    const now = this.now()
    const tests: Test[] = [compile(params.get('q') ?? '', now)]
    const [from, to] = [params.get('from'), params.get('to')]
    if (from !== null) tests.push((entry) => Date.parse(String(entry.timestamp)) >= momentOf(from, now))
    if (to !== null) tests.push((entry) => Date.parse(String(entry.timestamp)) < momentOf(to, now))
    return this.log.entries.filter((entry) => tests.every((test) => test(entry)))
  }

  #total(count: number) {
    return { value: count * this.faults.estimate, exact: this.faults.estimate === 1 }
  }

  #entries(params: URLSearchParams, response: ServerResponse): void {
    const limit = Number(params.get('limit') ?? 100)
    const whole: Cursor = { isAscending: params.get('order') === 'asc', start: 0, end: this.log.size, blanks: this.faults.emptyPages }
    const cursor = params.get('cursor')
    const { isAscending, start, end, blanks } = cursor === null ? whole : readCursor(cursor, whole.end)
    const form = (from: number, to: number) => `${isAscending ? 'a' : 'd'}${from}-${to}`
    if (blanks > 0) {
      return this.#page(response, [], `${form(start, end)}:${blanks - 1}`, Math.floor(this.log.size / (this.faults.emptyPages + 1)))
    }
    const found = this.#found(params).filter((entry) => Number(entry.seq) >= start && Number(entry.seq) < end)
    const rows = (isAscending ? found : found.toReversed()).slice(0, limit)
    const last = Number(rows.at(-1)?.seq ?? 0)
    const isLast = found.length <= limit
    this.#page(response, rows, isLast ? null : isAscending ? form(last + 1, end) : form(start, last), rows.length)
  }

  #page(response: ServerResponse, rows: Record<string, unknown>[], next: string | null, scanned: number): void {
    const lines = rows.map((row) => this.log.lines[Number(row.seq)]?.toString() ?? '').join(',')
    const rest = JSON.stringify({ next_cursor: next, scanned, ...this.#complete() })
    this.#send(response, 200, 'application/json', `{"entries":[${lines}],${rest.slice(1)}`)
  }

  #histogram(params: URLSearchParams, response: ServerResponse): void {
    const found = this.#found(params)
    const times = found.map((entry) => Date.parse(String(entry.timestamp))).filter((time) => !Number.isNaN(time))
    const first = params.get('from') === null ? Math.min(...times) : momentOf(params.get('from') ?? '', this.now())
    const last = params.get('to') === null ? Math.max(...times, params.get('from') === null ? 0 : this.now().getTime()) : momentOf(params.get('to') ?? '', this.now())
    if (times.length === 0) return this.#json<Histogram>(response, { from: null, to: null, interval_ms: 60_000, total: this.#total(0), buckets: [], ...this.#complete() })
    const widths = [1, 10, 100, 1000, 5000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000, 604_800_000, 2_592_000_000]
    const most = Number(params.get('buckets') ?? 60)
    const width = widths.find((one) => (last - first) / one < most - 1) ?? 31_536_000_000
    const buckets = new Map<number, { start: string; count: number; outcomes: Record<string, number> }>()
    for (const entry of found) {
      const start = Math.floor(Date.parse(String(entry.timestamp)) / width) * width
      const bucket = buckets.get(start) ?? { start: new Date(start).toISOString(), count: 0, outcomes: {} }
      bucket.count += 1
      bucket.outcomes[String(entry.outcome)] = (bucket.outcomes[String(entry.outcome)] ?? 0) + 1
      buckets.set(start, bucket)
    }
    const sorted = [...buckets.entries()].sort(([a], [b]) => a - b).map(([, bucket]) => bucket)
    this.#json<Histogram>(response, { from: new Date(first).toISOString(), to: new Date(last).toISOString(), interval_ms: width, total: this.#total(found.length), buckets: sorted, ...this.#complete() })
  }

  #facets(params: URLSearchParams, response: ServerResponse): void {
    const found = this.#found(params)
    const limit = Number(params.get('limit') ?? 10)
    const facets = params.getAll('field').map((field): Facet => {
      const counts = new Map<string, number>()
      let missing = 0
      for (const entry of found) {
        const values = new Set(valuesAt(entry, field).map(String))
        if (values.size === 0) missing += 1
        for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
      }
      const sorted = [...counts].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1))
      const other = sorted.slice(limit).reduce((sum, [, count]) => sum + count, 0)
      return { field, values: sorted.slice(0, limit).map(([value, count]) => ({ value, count })), other, missing, exact: true }
    })
    this.#json<Facets>(response, { total: this.#total(found.length), facets, ...this.#complete() })
  }

  #tail(params: URLSearchParams, request: IncomingMessage, response: ServerResponse): void {
    const test = compile(params.get('q') ?? '', this.now())
    const last = request.headers['last-event-id']
    let next = last !== undefined ? Number(last) + 1 : Number(params.get('from') ?? this.log.size)
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(': here\n\n')
    const send = () => {
      for (; next < this.log.size; next += 1) {
        const entry = this.log.entries[next]
        if (entry !== undefined && test(entry)) response.write(`id: ${next}\ndata: ${this.log.lines[next]?.toString() ?? ''}\n\n`)
      }
    }
    this.log.followers.add(send)
    request.on('close', () => this.log.followers.delete(send))
    send()
  }

  #entry(name: string, isProof: boolean, response: ServerResponse): void {
    const seq = /^\d+$/.test(name) ? Number(name) : this.log.entries.findLastIndex((entry) => entry.id === name)
    const line = this.log.lines[seq]
    if (line === undefined) return this.#problem(response, 404, 'entry_not_found', `there is no entry with the number or id \`${name}\``)
    if (isProof) return this.#text(response, this.log.proof(seq))
    const headers = { 'bulla-seq': String(seq), 'bulla-leaf-hash': this.log.leafHash(seq) }
    this.#send(response, 200, 'application/json', line, headers)
  }

  #payload(name: string, index: number, response: ServerResponse): void {
    const seq = /^\d+$/.test(name) ? Number(name) : this.log.entries.findLastIndex((entry) => entry.id === name)
    const entry = this.log.entries[seq]
    if (entry === undefined) return this.#problem(response, 404, 'entry_not_found', `there is no entry with the number or id \`${name}\``)
    const ref = (entry.payloads as { ref?: string }[] | undefined)?.[index]?.ref ?? ''
    const stored = this.log.payloads.get(ref)
    const isErased = this.log.entries.some((one) => one.event_name === 'payload.erased' && (one.detail as { ref?: string }).ref === ref)
    if (stored === undefined && isErased) return this.#problem(response, 410, 'payload_erased', `the payload of entry ${seq} was erased; the entry and its proof are whole`)
    if (stored === undefined) return this.#problem(response, 404, 'payload_not_found', `the file of the payload of entry ${seq} is missing`)
    this.#send(response, 200, 'application/octet-stream', stored.content, { 'bulla-payload-salt': stored.salt.toString('hex'), 'content-disposition': 'attachment; filename="bulla-payload"' })
  }

  #checkpoints(params: URLSearchParams, response: ServerResponse): void {
    const before = Number(params.get('before') ?? Infinity)
    const sizes = this.log.history.toReversed().filter((size) => size < before)
    const some = sizes.slice(0, Number(params.get('limit') ?? 100))
    const checkpoints = some.map((size) => ({ size, root_hash: this.log.root(size).toString('base64'), note: this.log.checkpoint(size), newest_entry_at: size === 0 ? null : String(this.log.entries[size - 1]?.recorded_at) }))
    this.#json<CheckpointsPage>(response, { checkpoints, next: some.length < sizes.length ? (some.at(-1) ?? null) : null })
  }

  async #admin(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.faults.isNoAdmin) return this.#problem(response, 403, 'forbidden', 'this needs the scope `admin`')
    if (path === '/v1/settings') return this.#json(response, this.settings)
    const fingerprint = decodeURIComponent(path.slice('/v1/tokens/'.length))
    if (request.method === 'DELETE') {
      const found = this.tokens.find((token) => token.fingerprint === fingerprint && token.is_valid)
      if (found === undefined) return this.#problem(response, 404, 'token_not_found', 'there is no valid token with that fingerprint')
      Object.assign(found, { is_valid: false, revoked_at: this.now().toISOString() })
      return this.#json(response, found)
    }
    if (request.method !== 'POST') return this.#json<Tokens>(response, { tokens: this.tokens })
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const wanted = JSON.parse(body) as NewToken
    if (this.tokens.some((token) => token.name === wanted.name && token.is_valid)) return this.#problem(response, 409, 'token_exists', `another valid token has the name \`${wanted.name}\``)
    const token: Token = { ...wanted, source: wanted.source ?? wanted.name, fingerprint: this.tokens.length.toString(16).padStart(8, '0'), created_at: this.now().toISOString(), is_valid: true }
    this.tokens.push(token)
    this.#send(response, 201, 'application/json', JSON.stringify({ ...token, token: `bulla_made_${token.fingerprint}` } satisfies CreatedToken))
  }

  #tile(path: string, response: ServerResponse): void {
    const match = /^\/tile\/(entries|\d+)\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d+))?$/.exec(path)
    const index = Number((match?.[2] ?? '').replace(/[x/]/g, ''))
    const width = Number(match?.[3] ?? 256)
    const tile = match?.[1] === 'entries' ? this.log.entryTile(index, width) : this.log.tile(Number(match?.[1]), index, width)
    if (match === null || tile === undefined) return this.#problem(response, 404, 'tile_not_found', 'there is no such tile')
    this.#send(response, 200, 'application/octet-stream', tile)
  }

  #status(): Status {
    const { size, published, origin, vkey } = this.log
    return {
      version: '0.1.0-mock',
      origin,
      vkey,
      watermarks: { durable: size, integrated: size, published, witnessed: 0 },
      first_seq: 0,
      queue: { bytes: 18_220, bytes_max: 67_108_864 },
      disk: { free_bytes: 412_316_860_416, total_bytes: 512_110_190_592, days_left: 211.4 },
      verified: 'clean',
      index: { enabled: true, lag_entries: 0, complete_to_seq: size, rebuilds: 0 },
      sources: [COUNTS],
    }
  }

  #sources(): Source[] {
    const found = new Map<string, Source>()
    for (const entry of this.log.entries) {
      const source = entry.source as { id: string; transport?: string; seq?: number } | undefined
      if (source === undefined) continue
      const one = found.get(source.id) ?? { id: source.id, entries: 0, transport: source.transport, gaps: 0, since_start: [] }
      one.entries += 1
      one.last_seen = String(entry.recorded_at)
      one.last_source_seq = source.seq ?? one.last_source_seq
      found.set(source.id, one)
    }
    for (const entry of this.log.entries) {
      if (entry.event_name !== 'gap.detected') continue
      const one = found.get((entry.detail as { source: string }).source)
      if (one !== undefined) one.gaps += 1
    }
    return [...found.values()]
  }

  #export(params: URLSearchParams, response: ServerResponse): void {
    const lines = this.#found(params).map((entry) => this.log.lines[Number(entry.seq)]?.toString() ?? '')
    this.#send(response, 200, 'application/x-ndjson', `${lines.join('\n')}\n`, { 'content-disposition': `attachment; filename="bulla.${params.get('format') ?? 'jsonl'}"` })
  }

  async #logIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return this.#send(response, 200, 'text/html', '<!doctype html><title>Log in</title><form method=post><input name=token></form>')
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const form = new URLSearchParams(body)
    if (form.get('token') !== this.token && form.get('code') !== 'mock-code') {
      return this.#problem(response, 401, 'unauthenticated', 'the token is unknown, expired or revoked')
    }
    this.faults.isLoggedOut = false
    response.writeHead(303, { location: '/' }).end()
  }

  #logOut(response: ServerResponse): void {
    this.faults.isLoggedOut = true
    response.writeHead(303, { location: '/login' }).end()
  }

  #problem(response: ServerResponse, status: number, code: string, detail: string, place?: { position: number; length: number }): void {
    const body = { type: `urn:bulla:problem:${code}`, title: code, status, code, detail, position: place?.position, length: place?.length }
    this.#send(response, status, 'application/problem+json', JSON.stringify(body))
  }

  #json<T>(response: ServerResponse, body: T): void {
    this.#send(response, 200, 'application/json', JSON.stringify(body))
  }

  #text(response: ServerResponse, body: string): void {
    this.#send(response, 200, 'text/plain; charset=utf-8', body)
  }

  #send(response: ServerResponse, status: number, type: string, body: string | Buffer, headers: Record<string, string> = {}): void {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...headers }).end(body)
  }
}

interface Cursor {
  isAscending: boolean
  start: number
  end: number
  blanks: number
}

/** The real server's form, and behind it how many empty pages are still to come. */
function readCursor(cursor: string, size: number): Cursor {
  const [, order, start, end, blanks] = /^([ad])(\d+)-(\d+)(?::(\d+))?$/.exec(cursor) ?? []
  return { isAscending: order === 'a', start: Number(start), end: Math.min(Number(end), size), blanks: Number(blanks ?? 0) }
}
