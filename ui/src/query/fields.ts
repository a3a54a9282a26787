/** The fields of an entry that the query box offers, each with what it says. Every other path can be asked for too. */

export interface Field {
  name: string
  says: string
  /** Values that are always the same few. */
  values?: readonly string[]
}

export const FIELDS: readonly Field[] = [
  { name: 'outcome', says: 'how it ended', values: ['success', 'failure', 'denied', 'unknown'] },
  { name: 'principal', says: 'who is accountable' },
  { name: 'category', says: 'kind of event' },
  { name: 'event_name', says: 'name for rules and counts' },
  { name: 'action', says: 'what was done, in words' },
  { name: 'session_id', says: 'session of an agent or person' },
  { name: 'actor.type', says: 'what acted', values: ['user', 'service_account', 'api_key', 'agent', 'subagent', 'skill', 'plugin', 'system', 'anonymous', 'unknown'] },
  { name: 'actor.name', says: 'name of what acted' },
  { name: 'actor.id', says: 'id of what acted' },
  { name: 'tool.name', says: 'tool that was called' },
  { name: 'tool.server', says: 'MCP server of the tool' },
  { name: 'tool.kind', says: 'kind of tool' },
  { name: 'tool.call_id', says: 'id of the call' },
  { name: 'tool.is_error', says: 'whether the tool said error', values: ['true', 'false'] },
  { name: 'model.request', says: 'model that was asked for' },
  { name: 'model.response', says: 'model that answered' },
  { name: 'phase', says: 'before, after, or one entry', values: ['pre', 'post', 'single'] },
  { name: 'duration_ms', says: 'how long it took: `duration_ms:>500`' },
  { name: 'timestamp', says: 'when it happened: `2026-10-01..2026-10-07`' },
  { name: 'recorded_at', says: 'when it was recorded' },
  { name: 'seq', says: 'number of the entry: `seq:100..200`' },
  { name: 'id', says: 'id of the entry' },
  { name: 'cause_id', says: 'entry that caused it' },
  { name: 'correlation_id', says: 'flow that it belongs to' },
  { name: 'source.id', says: 'emitter' },
  { name: 'source.instance', says: 'instance of the emitter' },
  { name: 'source.vantage', says: 'observed, reported or imported', values: ['observed', 'reported', 'imported'] },
  { name: 'source.transport', says: 'how it came' },
  { name: 'targets.type', says: 'type of what was acted on' },
  { name: 'targets.id', says: 'id of what was acted on' },
  { name: 'targets.name', says: 'name of what was acted on' },
  { name: 'request.method', says: 'HTTP method' },
  { name: 'request.route', says: 'route template' },
  { name: 'request.path', says: 'path of the request' },
  { name: 'request.status_code', says: 'HTTP status: `request.status_code:>=500`' },
  { name: 'request.client_ip', says: 'address of the client' },
  { name: 'request.user_agent', says: 'the client, in its own words' },
  { name: 'trace.trace_id', says: 'W3C trace' },
  { name: 'trace.span_id', says: 'W3C span' },
  { name: 'reason.code', says: 'why, in a word' },
  { name: 'reason.policy_id', says: 'policy that decided' },
  { name: 'reason.rule', says: 'rule that decided' },
  { name: 'reason.approver', says: 'who approved' },
  { name: 'changes.path', says: 'what changed' },
  { name: 'payloads.sha256', says: 'digest of a payload' },
]

/** Words that stand before a colon and are no field. */
export const OPERATORS: readonly Field[] = [
  { name: 'has', says: 'the field is there: `has:changes`' },
  { name: 'since', says: 'from then on: `since:2h`' },
  { name: 'until', says: 'up to then: `until:2026-10-07`' },
]

export const FACET_FIELDS = ['outcome', 'category', 'event_name', 'principal', 'actor.type', 'action', 'source.id', 'session_id'] as const

/**
 * Entries that say that something is missing, or change how the log works. One query for every page that shows them: what
 * a reader looks at goes on the record, once for each query.
 */
export const MARKS =
  'category:config OR event_name:(gap.detected OR entries.dropped OR clock.stepped OR log.opened OR log.closed OR key.rotated OR policy.changed OR retention.applied OR payload.erased)'
