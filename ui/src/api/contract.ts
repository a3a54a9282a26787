/**
 * The answers of the reading API. What `spec/openapi.json` describes comes from there; the rest is written here by hand
 * and goes when the document has it.
 */
import type { components } from './openapi.d.ts'

export type Status = components['schemas']['Status']
export type Readiness = components['schemas']['Readiness']
export type ProblemBody = components['schemas']['ProblemBody'] & {
  /** How many characters of the query are wrong; 0 when something is missing at `position`. */
  length?: number | null
}

export type Outcome = 'success' | 'failure' | 'denied' | 'unknown'
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** A stored line, as far as the viewer knows its fields. Nothing an emitter wrote has to be of the type it should be. */
export interface Entry {
  seq: number
  recorded_at?: string
  id?: string
  timestamp?: string
  category?: string
  action?: string
  principal?: string | null
  outcome?: string
  detail?: Json
  duration_ms?: number
  event_name?: string
  phase?: string
  cause_id?: string
  correlation_id?: string
  session_id?: string
  source?: { id?: string; instance?: string; seq?: number; transport?: string; peer?: string; vantage?: string }
  actor?: Actor
  targets?: Target[]
  request?: Record<string, Json>
  trace?: { trace_id?: string; span_id?: string }
  tool?: Record<string, Json>
  model?: Record<string, Json>
  reason?: { code?: string; message?: string; policy_id?: string; rule?: string; approver?: string }
  changes?: Change[]
  payloads?: Payload[]
  redactions?: Json[]
  truncated?: Json[]
  labels?: Record<string, string>
  [field: string]: unknown
}

export interface Actor {
  type?: string
  id?: string
  name?: string
  on_behalf_of?: Json[]
  agent?: Record<string, Json>
  credential?: { type?: string; id?: string }
}

export interface Target {
  type?: string
  id?: string
  name?: string
  uri?: string
}

export interface Change {
  path?: string
  op?: string
  before?: Json
  after?: Json
}

export interface Payload {
  name?: string
  media_type?: string
  size?: number
  sha256?: string
  disclosure?: string
  ref?: string
}

export interface Total {
  value: number
  /** False when it is an estimate. */
  exact: boolean
}

/** What every answer of a search says about how much of the log it looked at. */
export interface Completeness {
  complete_to_seq: number
  size?: number
  indexed_to_seq?: number | null
}

export interface EntriesPage extends Completeness {
  entries: Entry[]
  next_cursor?: string | null
  scanned?: number
  total?: Total
}

export interface Bucket {
  start: string
  count: number
  outcomes: Record<string, number>
}

export interface Histogram extends Completeness {
  from: string | null
  to: string | null
  interval_ms: number
  total: Total
  buckets: Bucket[]
}

export interface FacetValue {
  value: string | number | boolean
  count: number
}

export interface Facet {
  field: string
  values: FacetValue[]
  other: number
  missing: number
  exact: boolean
}

export interface Facets extends Completeness {
  total: Total
  facets: Facet[]
}

export interface SessionSummary {
  session_id: string
  entries: number
  first_seq: number
  last_seq: number
  began: string
  ended: string
  principals: string[]
  actor_types: string[]
  models: string[]
  calls: number
  outcomes: Record<string, number>
}

export interface SessionsPage extends Completeness {
  sessions: SessionSummary[]
  next_cursor?: string | null
}

export interface Step {
  seq: number
  end_seq?: number | null
  /** Index of the step this one is inside of. */
  parent: number | null
  depth: number
  timestamp: string
  category: string
  action: string
  is_call: boolean
  what: string
  outcome: string
  reason?: string | null
  duration_ms?: number | null
  missing?: 'end' | 'begin' | null
  actor?: { type?: string; id?: string } | null
}

export interface Session {
  session_id: string
  entries: number
  first_seq: number
  last_seq: number
  began: string
  ended: string
  principals: Record<string, number>
  models: Record<string, number>
  vantages: Record<string, number>
  tools: Record<string, number>
  call_outcomes: Record<string, number>
  input_tokens: number
  output_tokens: number
  coverage: { without_end: number[]; without_begin: number[] }
  steps: Step[]
  truncated: boolean
}

export interface Source {
  id: string
  entries: number
  last_seen: string
  transport?: string | null
  last_source_seq?: number | null
  gaps: number
  missing: number
}

export interface Sources extends Partial<Completeness> {
  sources: Source[]
}

export const EXPORT_FORMATS = ['jsonl', 'seed', 'csv', 'ocsf', 'ecs', 'cef', 'cloudevents', 'parquet'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]
