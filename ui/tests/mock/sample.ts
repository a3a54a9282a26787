/** A made-up week of a small company: people, services and agents. The same numbers give the same entries. */
import { MockLog } from './log.ts'

/** A small generator (mulberry32), so that every run has the same log. */
export function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const PEOPLE = ['alice@example.org', 'bogdan@example.org', 'chinwe@example.org', 'dara@example.org']
const ROUTES = [
  ['GET', '/v1/tasks', 200],
  ['POST', '/v1/tasks', 201],
  ['GET', '/v1/tasks/{id}', 200],
  ['DELETE', '/v1/tasks/{id}', 204],
  ['GET', '/v1/users/{id}/keys', 403],
  ['POST', '/v1/deployments', 202],
] as const
const COMMANDS = ['cargo test -p billing', 'git diff --stat', 'rg "retry_after" src', 'kubectl get pods -n web', 'sed -n 1,80p src/queue.rs', 'cargo clippy --all-targets', 'curl -s https://internal.example.org/health']

/** Entries from one checkpoint to the next. */
const BETWEEN_CHECKPOINTS = 20

export function sampleLog(count: number, end: Date, seed = 7): MockLog {
  const log = new MockLog()
  const random = dice(seed)
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T
  const span = 5 * 86_400_000
  let at = end.getTime() - span
  let made = 0
  const id = () => `0199f3c2-${(made += 1).toString(16).padStart(4, '0')}-7${Math.floor(random() * 4096).toString(16).padStart(3, '0')}-8${Math.floor(random() * 4096).toString(16).padStart(3, '0')}-${Math.floor(random() * 2 ** 48).toString(16).padStart(12, '0')}`
  const put = (event: Record<string, unknown>) => {
    const when = new Date(at)
    log.record({ id: id(), timestamp: when.toISOString(), ...event }, when)
    if (log.size % BETWEEN_CHECKPOINTS === 0) log.publish()
  }
  const step = () => {
    const hour = new Date(at).getUTCHours()
    const busy = hour > 6 && hour < 19 ? 1 : 3.5
    at += Math.min((-Math.log(1 - random()) * span * busy) / count / 1.6, 5_400_000)
  }
  put({ category: 'audit', action: 'log.opened', principal: 'bulla', outcome: 'success', event_name: 'log.opened', detail: { origin: log.origin, vkey: log.vkey, version: '0.1.0' } })

  while (log.size < count) {
    step()
    const roll = random()
    if (roll < 0.09) session(log, random, pick, put, () => (at += 400 + random() * 9000), id)
    else if (roll < 0.13) {
      const person = pick(PEOPLE)
      const isRefused = random() < 0.25
      put({ category: 'auth', action: isRefused ? 'log in' : 'log in', principal: isRefused ? null : person, outcome: isRefused ? 'denied' : 'success', event_name: 'auth.login', actor: { type: isRefused ? 'anonymous' : 'user', id: isRefused ? undefined : person }, request: { method: 'POST', route: '/login', path: '/login', status_code: isRefused ? 401 : 303, peer_ip: `192.0.2.${Math.floor(random() * 250)}`, user_agent: 'Mozilla/5.0' }, ...(isRefused ? { reason: { code: 'bad_password', message: 'the password is not right' } } : {}) })
    } else if (roll < 0.145) {
      const person = pick(PEOPLE)
      const limit = Math.floor(random() * 40) + 5
      put({ category: 'config', action: 'change limits of web', principal: person, outcome: 'success', event_name: 'policy.changed', actor: { type: 'user', id: person }, targets: [{ type: 'policy', id: 'limits/web', name: 'limits of web' }], changes: [{ path: '/limits/requests_per_second', op: 'replace', before: limit, after: limit + 10 }, { path: '/limits/burst', op: 'add', after: 50 }, { path: '/owners/1', op: 'remove', before: 'eve@example.org' }], correlation_id: `change-${made}` })
    } else if (roll < 0.15) {
      put({ category: 'audit', action: 'gap.detected', principal: 'bulla', outcome: 'failure', event_name: 'gap.detected', reason: { code: 'gap', message: "the emitter's own counter skips these numbers: those records never came" }, detail: { source: 'web-gateway', instance: 'gw-2', from: 4100 + made, to: 4106 + made, missing: 7 } })
    } else if (roll < 0.2) {
      put({ category: 'k8s', action: 'patch deployment', principal: 'system:serviceaccount:ci:deployer', outcome: random() < 0.1 ? 'failure' : 'success', event_name: 'k8s.patch', actor: { type: 'service_account', id: 'system:serviceaccount:ci:deployer' }, targets: [{ type: 'deployment', name: 'web', id: 'prod/web', uri: '/apis/apps/v1/namespaces/prod/deployments/web' }], source: { id: 'k8s', instance: 'prod', seq: made, transport: 'http', vantage: 'observed' }, duration_ms: Math.floor(random() * 900) })
    } else {
      const [method, route, usual] = pick(ROUTES)
      const person = pick(PEOPLE)
      const status = usual === 403 ? 403 : random() < 0.04 ? 500 : usual
      const trace = Math.floor(random() * 2 ** 48).toString(16).padStart(32, '0')
      put({ category: 'api', action: `${method} ${route}`, principal: person, outcome: status === 403 ? 'denied' : status === 500 ? 'failure' : 'success', event_name: 'http.request', duration_ms: Math.floor(3 + random() ** 3 * 1900), actor: { type: random() < 0.3 ? 'api_key' : 'user', id: person }, request: { id: `req-${made}`, method, route, path: route.replace('{id}', String(1000 + made)), status_code: status, client_ip: `198.51.100.${Math.floor(random() * 250)}`, peer_ip: '10.0.0.4', user_agent: 'acme-cli/2.4' }, trace: { trace_id: trace, span_id: trace.slice(0, 16) }, source: { id: 'web-gateway', instance: `gw-${1 + Math.floor(random() * 3)}`, seq: made, transport: 'http', peer: '10.0.0.4', vantage: 'observed' }, ...(status === 403 ? { reason: { code: 'forbidden', policy_id: 'keys-are-private', rule: 'owner == caller', message: 'only the owner reads keys' } } : {}), labels: { region: 'eu-1' } })
    }
  }
  log.publish()
  return log
}

/** What a command wrote: enough lines that they went to a payload. */
function outputOf(command: string, random: () => number): string {
  const lines = Array.from({ length: 400 + Math.floor(random() * 400) }, (_, line) => `test billing::retry_after_${line} ... ${random() < 0.02 ? 'FAILED' : 'ok'}`)
  return `$ ${command}\n${lines.join('\n')}\n`
}

type Put = (event: Record<string, unknown>) => void

function session(log: MockLog, random: () => number, pick: <T>(all: readonly T[]) => T, put: Put, pass: () => void, id: () => string): void {
  const person = pick(PEOPLE)
  const sessionId = `sess-${id().slice(-12)}`
  const model = pick(['sonnet-large', 'gamma-7', 'r-mini'])
  const agent = { type: 'agent', id: 'build-fixer', name: 'build-fixer', agent: { name: 'build-fixer', version: '2.1.0' }, on_behalf_of: [person] }
  const base = { session_id: sessionId, principal: person, source: { id: 'agent-hooks', instance: 'laptop-3', transport: 'http', vantage: 'reported' } }
  put({ ...base, category: 'session', action: 'session start', outcome: 'success', event_name: 'session.start', actor: agent, model: { provider: 'example', request: model } })
  put({ ...base, category: 'session', action: 'prompt', outcome: 'success', event_name: 'session.prompt', actor: { type: 'user', id: person }, detail: { text: 'The billing tests fail since this morning. Find out why and fix it.' } })
  const calls = 3 + Math.floor(random() * 9)
  for (let call = 0; call < calls; call += 1) {
    pass()
    const command = pick(COMMANDS)
    const callId = `call_${id().slice(-12)}`
    const isSub = call > 2 && random() < 0.3
    const actor = isSub ? { type: 'subagent', id: 'searcher-1', name: 'searcher', on_behalf_of: ['build-fixer'] } : agent
    const tool = { name: isSub ? 'grep' : pick(['bash', 'bash', 'edit', 'web_fetch']), call_id: callId, kind: 'function', server: 'workspace', method: 'tools/call' }
    const pre = `${callId}:pre`
    put({ ...base, id: pre, category: 'tool_execution', action: `tool:${tool.name}`, outcome: 'unknown', phase: 'pre', event_name: 'tool.call', actor, tool, detail: { input: { command } } })
    const isRisky = command.startsWith('kubectl') || command.startsWith('curl')
    if (isRisky) {
      pass()
      const isDenied = random() < 0.4
      put({ ...base, id: `${callId}:decision`, category: 'tool_execution', action: 'decide tool call', outcome: isDenied ? 'denied' : 'success', event_name: 'policy.decision', cause_id: pre, actor: { type: 'system', id: 'gate' }, tool, reason: { code: isDenied ? 'network' : 'approved', policy_id: 'agents/network', rule: 'asks-a-person', approver: isDenied ? undefined : person, message: isDenied ? 'agents may not reach the cluster' : 'a person approved it' } })
      if (isDenied) continue
    }
    if (call === calls - 1 && random() < 0.25) continue
    const took = Math.floor(40 + random() ** 2 * 9000)
    pass()
    const isFailed = random() < 0.18
    const output = random() < 0.2 ? log.store('/detail/output', 'text/plain; charset=utf-8', Buffer.from(outputOf(command, random))) : undefined
    put({ ...base, id: `${callId}:post`, category: 'tool_execution', action: `tool:${tool.name}`, outcome: isFailed ? 'failure' : 'success', phase: 'post', cause_id: pre, event_name: 'tool.call', actor, tool: { ...tool, transport_status: 'ok', rpc_error: null, is_error: isFailed }, duration_ms: took, detail: { exit_code: isFailed ? 2 : 0, input: { command }, ...(output === undefined ? {} : { output: { $payload: output.sha256 } }) }, ...(output === undefined ? {} : { payloads: [output] }), ...(random() < 0.15 ? { redactions: [{ path: '/detail/input/env/API_KEY', rule: 'secret-names', count: 1 }] } : {}) })
  }
  put({ ...base, category: 'session', action: 'session end', outcome: 'success', event_name: 'session.end', actor: agent, model: { provider: 'example', response: model, input_tokens: Math.floor(random() * 90_000), output_tokens: Math.floor(random() * 4000) } })
}
