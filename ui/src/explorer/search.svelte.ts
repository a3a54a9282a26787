/** One search: its list, its histogram, its counts, and what came since when it is live. Each fails by itself. */
import { ApiError, api, isAbort, type Scope } from '../api/client.ts'
import type { Entry, Facet, Histogram, Total } from '../api/contract.ts'
import { connection } from '../api/connection.svelte.ts'
import { beginAt, restOf, type Order } from '../api/cursor.ts'
import { follow, type TailState } from '../api/tail.ts'
import { PAGE_ROWS, PagedList } from '../list/pages.svelte.ts'
import { FACET_FIELDS, MARKS } from '../query/fields.ts'

/** 2,000 entries wait to be shown; when more come, the list begins again instead. */
const PENDING_MAX = 2000
/** 250 ms: entries that come one by one are shown together. */
const GATHER_MS = 250
/** 5 s between two counts of a live search. */
const COUNT_AGAIN_MS = 5000
/** 10 values of a facet, then 50 when asked for more. */
const FACET_VALUES = { few: 10, many: 50 }

export interface Criteria extends Scope {
  q: string
  from: string
  to: string
  order: Order
  /** Number of the entry with which the list begins; without it, the first or the newest. */
  at?: number
}

export interface Loaded<T> {
  value: T | undefined
  error: unknown
  isLoading: boolean
}

const nothing = <T>(): Loaded<T> => ({ value: undefined, error: undefined, isLoading: false })

export class Search {
  criteria = $state.raw<Criteria>({ q: '', from: '', to: '', order: 'desc' })
  list = $state.raw<PagedList<Entry>>(new PagedList<Entry>(() => Promise.resolve({ rows: [], next: null, scanned: 0 })))
  histogram = $state.raw<Loaded<Histogram>>(nothing())
  facets = $state.raw<Loaded<Facet[]>>(nothing())
  marks = $state.raw<Entry[]>([])
  completeTo = $state<number | undefined>(undefined)
  size = $state<number | undefined>(undefined)
  indexedTo = $state<number | undefined>(undefined)
  live = $state<'off' | TailState>('off')
  liveTrouble = $state<string | undefined>(undefined)
  pending = $state.raw<Entry[]>([])
  /** Entries that came; more than `pending` holds when they came too fast. */
  pendingCount = $state(0)
  /** Paths that entries on this page have, for the query box. */
  readonly seenFields = new Set<string>()

  buckets = 90
  #abort = new AbortController()
  #stopTail: (() => void) | undefined
  #gathered: Entry[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #counted = 0
  /** The first row's number, when every entry is a row. */
  #evenFrom: number | undefined
  #wide = new Set<string>()

  /** The scope as the API takes it. */
  get scope(): Scope {
    const { q, from, to } = this.criteria
    return { q: q || undefined, from: from || undefined, to: to || undefined }
  }

  get total(): Total | undefined {
    return this.histogram.value?.total
  }

  /** The query's mistake, when it has one. */
  get mistake(): ApiError | undefined {
    const { error } = this.list
    return error instanceof ApiError && error.code === 'invalid_query' ? error : undefined
  }

  begin(criteria: Criteria): void {
    this.#abort.abort()
    this.#abort = new AbortController()
    this.list.close()
    this.criteria = criteria
    this.#clearPending()
    const scope = this.scope
    const isEven = scope.q === undefined && scope.from === undefined && scope.to === undefined
    const first = criteria.at === undefined ? undefined : beginAt(criteria.order, criteria.at)
    this.#evenFrom = undefined
    this.list = new PagedList<Entry>(async (cursor, signal) => {
      const page = await api.entries({ ...scope, order: criteria.order, cursor: cursor ?? first, limit: PAGE_ROWS }, signal)
      if (this.criteria === criteria) {
        this.completeTo = page.complete_to_seq
        this.size = page.size ?? page.complete_to_seq
        this.indexedTo = page.indexed_to_seq ?? undefined
      }
      for (const entry of page.entries.slice(0, 50)) this.#notePaths(entry)
      if (isEven && cursor === undefined && this.criteria === criteria) this.#evenFrom ??= page.entries[0]?.seq
      const rest = isEven ? restOf(page.next_cursor) : undefined
      return { rows: page.entries, next: page.next_cursor ?? null, scanned: page.scanned ?? page.entries.length, rest }
    })
    this.#count()
    void this.list.more().then(() => {
      if (this.live !== 'off' && this.criteria === criteria) this.#follow()
    })
  }

  close(): void {
    this.#abort.abort()
    this.list.close()
    this.goLive(false)
  }

  goLive(isLive: boolean): void {
    if (isLive === (this.live !== 'off')) return
    if (!isLive) {
      this.#stopTail?.()
      this.#stopTail = undefined
      this.live = 'off'
      this.showPending()
      return
    }
    this.live = 'opening'
    if (this.completeTo !== undefined) this.#follow()
  }

  /** Where an entry stands in the list, when every entry is in it. */
  indexOf(seq: number): number | undefined {
    if (this.#evenFrom === undefined) return undefined
    const below = this.criteria.order === 'desc' ? this.#evenFrom - seq : seq - this.#evenFrom
    const index = this.list.headCount + below
    return index >= 0 && index < this.list.count ? index : undefined
  }

  /** Puts what came on top of the list. */
  showPending(): void {
    if (this.pendingCount > this.pending.length) {
      this.begin(this.criteria)
      return
    }
    if (this.pending.length > 0) this.list.prepend(this.pending)
    this.#clearPending()
  }

  widenFacet(field: string): void {
    this.#wide.add(field)
    void this.#countFacets()
  }

  isWide(field: string): boolean {
    return this.#wide.has(field)
  }

  countAgain(): void {
    this.#count()
  }

  #follow(): void {
    this.#stopTail?.()
    const { criteria } = this
    this.#stopTail = follow({
      q: criteria.q,
      from: this.completeTo ?? 0,
      entry: (entry) => {
        this.#gathered.push(entry)
        this.#timer ??= setTimeout(() => this.#takeGathered(), GATHER_MS)
      },
      state: (state, why) => {
        this.live = state
        this.liveTrouble = why
      },
      refused: () => void api.status().catch(() => undefined),
    })
  }

  #takeGathered(): void {
    this.#timer = undefined
    const came = this.#gathered.reverse()
    this.#gathered = []
    const last = came[0]?.seq
    if (last !== undefined) {
      this.completeTo = Math.max(this.completeTo ?? 0, last + 1)
      this.size = Math.max(this.size ?? 0, last + 1)
    }
    const wanted = came.filter((entry) => this.#isInRange(entry))
    this.pendingCount += wanted.length
    this.pending = [...wanted, ...this.pending].slice(0, PENDING_MAX)
    if (this.pendingCount > PENDING_MAX) this.pending = this.pending.slice(0, 1)
    if (Date.now() - this.#counted > COUNT_AGAIN_MS) this.#count()
  }

  /** The tail knows no time range. */
  #isInRange(entry: Entry): boolean {
    const { to } = this.criteria
    return to === '' || Number.isNaN(Date.parse(to)) || Date.parse(entry.timestamp ?? '') < Date.parse(to)
  }

  #clearPending(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#gathered = []
    this.pending = []
    this.pendingCount = 0
  }

  #count(): void {
    this.#counted = Date.now()
    void this.#countHistogram()
    void this.#countFacets()
    void this.#findMarks()
  }

  async #countHistogram(): Promise<void> {
    const { criteria, scope } = this
    this.histogram = { ...this.histogram, isLoading: true, error: undefined }
    try {
      const value = await api.histogram({ ...scope, buckets: this.buckets }, this.#abort.signal)
      if (this.criteria === criteria) this.histogram = { value, error: undefined, isLoading: false }
    } catch (error) {
      if (!isAbort(error) && this.criteria === criteria) this.histogram = { value: undefined, error, isLoading: false }
    }
  }

  async #countFacets(): Promise<void> {
    const { criteria, scope } = this
    this.facets = { ...this.facets, isLoading: true, error: undefined }
    const narrow = FACET_FIELDS.filter((field) => !this.#wide.has(field))
    const wide = FACET_FIELDS.filter((field) => this.#wide.has(field))
    try {
      const signal = this.#abort.signal
      const answers = await Promise.all([
        narrow.length > 0 ? api.facets({ ...scope, field: narrow, limit: FACET_VALUES.few }, signal) : undefined,
        wide.length > 0 ? api.facets({ ...scope, field: wide, limit: FACET_VALUES.many }, signal) : undefined,
      ])
      const all = answers.flatMap((answer) => answer?.facets ?? [])
      const value = FACET_FIELDS.flatMap((field) => all.filter((facet) => facet.field === field))
      if (this.criteria === criteria) this.facets = { value, error: undefined, isLoading: false }
    } catch (error) {
      if (!isAbort(error) && this.criteria === criteria) this.facets = { value: undefined, error, isLoading: false }
    }
  }

  async #findMarks(): Promise<void> {
    const { criteria } = this
    try {
      const page = await api.entries({ q: MARKS, from: criteria.from || undefined, to: criteria.to || undefined, limit: 300 }, this.#abort.signal)
      if (this.criteria === criteria) this.marks = page.entries
    } catch {
      // The histogram stands without its marks.
      if (this.criteria === criteria) this.marks = []
    }
  }

  #notePaths(value: unknown, path = '', depth = 0): void {
    if (typeof value !== 'object' || value === null || depth > 3 || this.seenFields.size > 500) return
    for (const [name, inner] of Object.entries(Array.isArray(value) ? (value[0] ?? {}) : value)) {
      const full = path === '' ? name : `${path}.${name}`
      if (typeof inner === 'object' && inner !== null) this.#notePaths(inner, full, depth + 1)
      else if (/^[\w.]+$/.test(full)) this.seenFields.add(full)
    }
  }
}

export const search = new Search()
export const lastEpoch = () => connection.epoch
