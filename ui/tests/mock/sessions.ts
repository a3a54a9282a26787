/** Sessions of the entries in memory. */

import type { Session, SessionSummary, Step } from '../../src/api/contract.ts'

type Row = Record<string, unknown>

const count = (all: unknown[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const one of all) if (typeof one === 'string') counts[one] = (counts[one] ?? 0) + 1
  return counts
}

const member = (row: Row, name: string, inner: string): unknown => (row[name] as Row | undefined)?.[inner]

function grouped(rows: Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    if (typeof row.session_id !== 'string') continue
    groups.set(row.session_id, [...(groups.get(row.session_id) ?? []), row])
  }
  return groups
}

export function sessionsOf(rows: Row[]): SessionSummary[] {
  return [...grouped(rows)]
    .map(([id, all]) => ({
      session_id: id,
      entries: all.length,
      first_seq: Number(all[0]?.seq),
      last_seq: Number(all.at(-1)?.seq),
      began: String(all[0]?.timestamp),
      ended: String(all.at(-1)?.timestamp),
      principals: Object.keys(count(all.map((row) => row.principal))),
      actor_types: Object.keys(count(all.map((row) => member(row, 'actor', 'type')))),
      models: Object.keys(count(all.flatMap((row) => [member(row, 'model', 'response'), member(row, 'model', 'request')]))),
      calls: all.filter((row) => row.phase === 'pre').length,
      outcomes: count(all.filter((row) => row.phase !== 'pre').map((row) => row.outcome)),
      partial: false,
    }))
    .sort((a, b) => b.last_seq - a.last_seq)
}

export function sessionOf(id: string, rows: Row[]): Session | undefined {
  const all = grouped(rows).get(id)
  if (all === undefined) return undefined
  const posts = new Map(all.filter((row) => row.phase === 'post').map((row) => [String(row.cause_id), row]))
  const pres = new Set(all.filter((row) => row.phase === 'pre').map((row) => String(row.id)))
  const steps: Step[] = []
  const withoutEnd: number[] = []
  const withoutBegin: number[] = []
  let subagentParent: number | null = null
  for (const row of all) {
    if (row.phase === 'post') {
      if (pres.has(String(row.cause_id))) continue
      withoutBegin.push(Number(row.seq))
    }
    const post = row.phase === 'pre' ? posts.get(String(row.id)) : undefined
    const isDecided = all.some((other) => other.cause_id === row.id && other.outcome === 'denied')
    if (row.phase === 'pre' && post === undefined && !isDecided) withoutEnd.push(Number(row.seq))
    const isSub = member(row, 'actor', 'type') === 'subagent'
    const parent = isSub ? subagentParent : null
    const detail = row.detail as { input?: { command?: string }; text?: string } | undefined
    steps.push({
      seq: Number(row.seq),
      end_seq: post === undefined ? undefined : Number(post.seq),
      parent,
      depth: parent === null ? 0 : 1,
      timestamp: String(row.timestamp),
      category: String(row.category),
      action: String(row.action),
      is_call: row.phase === 'pre' || row.phase === 'post',
      what: detail?.input?.command ?? detail?.text,
      outcome: String(post?.outcome ?? row.outcome),
      reason: member(row, 'reason', 'message') as string | undefined,
      duration_ms: (post?.duration_ms ?? row.duration_ms) as number | undefined,
      ...(row.phase === 'pre' && post === undefined && !isDecided ? { missing: 'end' } : {}),
      actor: row.actor as Step['actor'],
    })
    if (!isSub && row.phase === 'pre') subagentParent = steps.length - 1
  }
  const outcomes = steps.filter((step) => step.is_call).map((step) => step.outcome)
  const tokens = (name: string) => all.reduce((sum, row) => sum + Number(member(row, 'model', name) ?? 0), 0)
  return {
    session_id: id,
    entries: all.length,
    first_seq: Number(all[0]?.seq),
    last_seq: Number(all.at(-1)?.seq),
    began: String(all[0]?.timestamp),
    ended: String(all.at(-1)?.timestamp),
    principals: count(all.map((row) => row.principal)),
    models: count(all.flatMap((row) => [member(row, 'model', 'response') ?? member(row, 'model', 'request')])),
    vantages: count(all.map((row) => member(row, 'source', 'vantage'))),
    tools: count(all.filter((row) => row.phase === 'pre').map((row) => member(row, 'tool', 'name'))),
    call_outcomes: count(outcomes),
    input_tokens: tokens('input_tokens'),
    output_tokens: tokens('output_tokens'),
    coverage: { without_end: withoutEnd, without_begin: withoutBegin },
    steps,
    truncated: false,
  }
}
