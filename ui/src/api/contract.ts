/**
 * The answers of the reading API, by the names that the viewer has for them. Their form is what `spec/openapi.json` says;
 * only an entry, which is whatever an emitter wrote, is described here.
 */
import type { components } from './openapi.d.ts'

type Schemas = components['schemas']
export type Status = Schemas['Status']
export type Readiness = Schemas['Readiness']
export type ProblemBody = Schemas['ProblemBody']
export type Total = Schemas['Total']
export type Bucket = Schemas['BucketBody']
export type Histogram = Schemas['HistogramBody']
export type Facet = Schemas['FacetBody']
export type Facets = Schemas['FacetsBody']
export type SessionSummary = Schemas['SummaryBody']
export type SessionsPage = Schemas['SessionsBody']
export type Step = Schemas['StepBody']
export type Session = Schemas['SessionBody']
export type Source = Schemas['SourceBody']
export type Sources = Schemas['SourcesBody']
export type CheckpointRow = Schemas['CheckpointBody']
export type CheckpointsPage = Schemas['CheckpointsBody']
export type Scope = Schemas['Scope']
export type Token = Schemas['TokenBody']
export type Tokens = Schemas['TokensBody']
export type NewToken = Schemas['NewTokenBody']
export type CreatedToken = Schemas['CreatedToken']
export type Settings = Schemas['SettingsBody']
export type EntriesPage = Omit<Schemas['EntriesPage'], 'entries'> & { entries: Entry[] }

export const SCOPES: readonly Scope[] = ['write', 'read', 'verify', 'admin']

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

export const EXPORT_FORMATS = ['jsonl', 'seed', 'csv', 'ocsf', 'ecs', 'cef', 'cloudevents', 'parquet'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]
