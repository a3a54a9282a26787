/**
 * A list that comes in pages and never ends up in memory whole: pages far from what is looked at are let go, and come
 * back by the cursor they came with. A cursor names a position in the log, so they come back the same. Where it is known
 * how many rows are still to come, they have their places at once, and are asked for when they come into view.
 */
import type { Rest } from '../api/cursor.ts'

export interface Batch<Row> {
  rows: Row[]
  next: string | null
  /** Entries that were looked at for it. */
  scanned: number
  /** What follows, when each entry of it is a row. */
  rest?: Rest
}

interface Page<Row> {
  cursor: string | undefined
  start: number
  count: number
  rows: Row[] | undefined
  isLoading: boolean
}

export type Load<Row> = (cursor: string | undefined, signal: AbortSignal) => Promise<Batch<Row>>

/** 40 pages of 200 rows of about 1 KiB: 8 MiB of rows are kept. */
const PAGES_KEPT = 40
/** 200 rows of a page that was not asked for yet. */
export const PAGE_ROWS = 200
/** 60 ms: what is only scrolled past is not asked for. */
const PASSING_MS = 60
/** 3 pages are more than any view shows. */
const PAGES_IN_VIEW = 3

export class PagedList<Row> {
  #version = $state(0)
  #pages: Page<Row>[] = []
  #head = $state.raw<Row[]>([])
  #next: string | null | undefined = undefined
  #abort = new AbortController()
  #load: Load<Row>
  #clock = 0
  #used = new Map<Page<Row>, number>()
  #wanted = new Set<Page<Row>>()
  #timer: ReturnType<typeof setTimeout> | undefined
  isLoading = $state(false)
  /** True while a search goes on that found nothing in its last batches. */
  scanned = $state(0)
  error = $state.raw<unknown>(undefined)
  isStopped = $state(false)

  constructor(load: Load<Row>) {
    this.#load = load
  }

  /** Rows that are known, with those that came on top. */
  get count(): number {
    void this.#version
    const last = this.#pages.at(-1)
    return this.#head.length + (last === undefined ? 0 : last.start + last.count)
  }

  get headCount(): number {
    return this.#head.length
  }

  /** Whether every row that there is has been found. */
  get isWhole(): boolean {
    void this.#version
    return this.#next === null
  }

  get hasBegun(): boolean {
    void this.#version
    return this.#next !== undefined
  }

  /** The row, when it is in memory; otherwise its page is asked for. */
  row(index: number): Row | undefined {
    void this.#version
    if (index < this.#head.length) return this.#head[index]
    const page = this.#pageOf(index - this.#head.length)
    if (page === undefined) return undefined
    this.#used.set(page, (this.#clock += 1))
    if (page.rows === undefined) this.#want(page)
    return page.rows?.[index - this.#head.length - page.start]
  }

  /** The row, when it is in memory; nothing is asked for. */
  held(index: number): Row | undefined {
    void this.#version
    if (index < this.#head.length) return this.#head[index]
    const page = this.#pageOf(index - this.#head.length)
    return page?.rows?.[index - this.#head.length - page.start]
  }

  /** Rows that came after the list began, the newest first. */
  prepend(rows: Row[]): void {
    this.#head = [...rows, ...this.#head]
  }

  /** The next page, going on over empty ones until one has rows. */
  async more(): Promise<void> {
    if (this.isLoading || this.#next === null || this.error !== undefined) return
    this.isLoading = true
    this.isStopped = false
    const signal = this.#abort.signal
    try {
      for (;;) {
        const cursor = this.#next ?? undefined
        const batch = await this.#load(cursor, signal)
        if (signal.aborted) return
        this.scanned += batch.scanned
        this.#next = batch.next
        if (batch.rows.length > 0) {
          const last = this.#pages.at(-1)
          const start = last === undefined ? 0 : last.start + last.count
          const page: Page<Row> = { cursor, start, count: batch.rows.length, rows: batch.rows, isLoading: false }
          this.#pages.push(page)
          this.#used.set(page, (this.#clock += 1))
          this.#letGo()
        }
        if (batch.rest !== undefined) this.#makeRoom(batch.rest)
        this.#version += 1
        if (batch.rows.length > 0 || batch.next === null || this.isStopped) return
      }
    } catch (error) {
      if (!signal.aborted) this.error = error
    } finally {
      if (!signal.aborted) this.isLoading = false
    }
  }

  /** Ends a search that goes on over a long stretch without a match. */
  stop(): void {
    this.isStopped = true
  }

  retry(): void {
    this.error = undefined
    // What is in view is then asked for again.
    this.#version += 1
    void this.more()
  }

  close(): void {
    this.#abort.abort()
    clearTimeout(this.#timer)
  }

  /** Gives every row that follows its place. */
  #makeRoom(rest: Rest): void {
    const last = this.#pages.at(-1)
    const start = last === undefined ? 0 : last.start + last.count
    for (let at = 0; at < rest.count; at += PAGE_ROWS) {
      const count = Math.min(PAGE_ROWS, rest.count - at)
      this.#pages.push({ cursor: rest.cursor(at), start: start + at, count, rows: undefined, isLoading: false })
    }
    this.#next = null
  }

  #want(page: Page<Row>): void {
    if (page.isLoading || this.error !== undefined) return
    this.#wanted.add(page)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#loadWanted(), PASSING_MS)
  }

  #loadWanted(): void {
    const latest = [...this.#wanted].sort((a, b) => (this.#used.get(b) ?? 0) - (this.#used.get(a) ?? 0))
    this.#wanted.clear()
    for (const page of latest.slice(0, PAGES_IN_VIEW)) void this.#reload(page)
  }

  #pageOf(index: number): Page<Row> | undefined {
    let low = 0
    let high = this.#pages.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const page = this.#pages[middle]
      if (page === undefined) return undefined
      if (index < page.start) high = middle - 1
      else if (index >= page.start + page.count) low = middle + 1
      else return page
    }
    return undefined
  }

  async #reload(page: Page<Row>): Promise<void> {
    if (page.isLoading || page.rows !== undefined) return
    page.isLoading = true
    const signal = this.#abort.signal
    try {
      const rows: Row[] = []
      let cursor = page.cursor
      // The server may end a page elsewhere than it did before.
      while (rows.length < page.count) {
        const batch = await this.#load(cursor, signal)
        rows.push(...batch.rows)
        if (batch.next === null) break
        cursor = batch.next
      }
      page.rows = rows.slice(0, page.count)
      this.#letGo()
    } catch (error) {
      if (!signal.aborted) this.error = error
    } finally {
      page.isLoading = false
      if (!signal.aborted) this.#version += 1
    }
  }

  #letGo(): void {
    const held = this.#pages.filter((page) => page.rows !== undefined)
    if (held.length <= PAGES_KEPT) return
    held.sort((a, b) => (this.#used.get(a) ?? 0) - (this.#used.get(b) ?? 0))
    for (const page of held.slice(0, held.length - PAGES_KEPT)) page.rows = undefined
  }
}
