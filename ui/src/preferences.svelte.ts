/** What a reader set and this browser keeps: the zone of times, the theme, the columns, views under a name. */
import type { Zone } from './time/moment.ts'

export type Theme = 'system' | 'light' | 'dark'

export interface Column {
  id: string
  width: number
  isShown: boolean
}

export interface View {
  name: string
  /** The address, from the `#`. */
  address: string
}

export const COLUMNS: readonly (Column & { title: string })[] = [
  { id: 'time', title: 'Time', width: 186, isShown: true },
  { id: 'outcome', title: 'Outcome', width: 90, isShown: true },
  { id: 'principal', title: 'Principal', width: 150, isShown: true },
  { id: 'action', title: 'Action', width: 170, isShown: true },
  { id: 'target', title: 'Target', width: 150, isShown: true },
  { id: 'duration', title: 'Duration', width: 78, isShown: true },
  { id: 'proof', title: 'Proof', width: 96, isShown: true },
  { id: 'seq', title: 'Seq', width: 84, isShown: false },
  { id: 'category', title: 'Category', width: 130, isShown: false },
  { id: 'event_name', title: 'Event', width: 150, isShown: false },
  { id: 'actor', title: 'Actor', width: 150, isShown: false },
  { id: 'session', title: 'Session', width: 150, isShown: false },
  { id: 'source', title: 'Source', width: 150, isShown: false },
]

export const WIDTH = { least: 56, most: 900 }

interface Kept {
  zone: Zone
  theme: Theme
  isCondensed: boolean
  hasFacets: boolean
  columns: Column[]
  views: View[]
}

const KEY = 'bulla.preferences'
const DEFAULTS: Kept = {
  zone: 'utc',
  theme: 'system',
  isCondensed: true,
  hasFacets: true,
  columns: COLUMNS.map(({ id, width, isShown }) => ({ id, width, isShown })),
  views: [],
}

/** What is kept, made whole: a column of a later or an earlier version is not lost, and one that is unknown goes. */
export function wholeColumns(kept: unknown): Column[] {
  const known = (Array.isArray(kept) ? (kept as Partial<Column>[]) : []).filter((column) => COLUMNS.some(({ id }) => id === column.id))
  const columns = known.map((column) => {
    const width = typeof column.width === 'number' ? Math.min(Math.max(column.width, WIDTH.least), WIDTH.most) : 120
    return { id: String(column.id), width, isShown: column.isShown === true }
  })
  for (const { id, width, isShown } of COLUMNS) {
    if (!columns.some((column) => column.id === id)) columns.push({ id, width, isShown })
  }
  return columns
}

function read(): Kept {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Kept>
    return {
      zone: kept.zone === 'local' ? 'local' : 'utc',
      theme: kept.theme === 'light' || kept.theme === 'dark' ? kept.theme : 'system',
      isCondensed: kept.isCondensed !== false,
      hasFacets: kept.hasFacets !== false,
      columns: wholeColumns(kept.columns),
      views: Array.isArray(kept.views) ? kept.views.filter((view) => typeof view?.name === 'string' && typeof view.address === 'string') : [],
    }
  } catch {
    return structuredClone(DEFAULTS)
  }
}

class Preferences {
  #kept = $state<Kept>(structuredClone(DEFAULTS))

  begin(): void {
    this.#kept = read()
    this.#applyTheme()
  }

  get zone(): Zone {
    return this.#kept.zone
  }
  set zone(zone: Zone) {
    this.#change({ zone })
  }

  get theme(): Theme {
    return this.#kept.theme
  }
  set theme(theme: Theme) {
    this.#change({ theme })
    this.#applyTheme()
  }

  get isCondensed(): boolean {
    return this.#kept.isCondensed
  }
  set isCondensed(isCondensed: boolean) {
    this.#change({ isCondensed })
  }

  get hasFacets(): boolean {
    return this.#kept.hasFacets
  }
  set hasFacets(hasFacets: boolean) {
    this.#change({ hasFacets })
  }

  get columns(): Column[] {
    return this.#kept.columns
  }

  resize(id: string, width: number): void {
    const clamped = Math.round(Math.min(Math.max(width, WIDTH.least), WIDTH.most))
    this.#change({ columns: this.columns.map((column) => (column.id === id ? { ...column, width: clamped } : column)) })
  }

  show(id: string, isShown: boolean): void {
    this.#change({ columns: this.columns.map((column) => (column.id === id ? { ...column, isShown } : column)) })
  }

  /** Puts a column in front of another, or last. */
  move(id: string, before: string | undefined): void {
    const moved = this.columns.find((column) => column.id === id)
    if (moved === undefined || id === before) return
    const rest = this.columns.filter((column) => column.id !== id)
    const at = before === undefined ? rest.length : rest.findIndex((column) => column.id === before)
    this.#change({ columns: [...rest.slice(0, at), moved, ...rest.slice(at)] })
  }

  resetColumns(): void {
    this.#change({ columns: structuredClone(DEFAULTS.columns) })
  }

  get views(): View[] {
    return this.#kept.views
  }

  saveView(view: View): void {
    this.#change({ views: [...this.views.filter(({ name }) => name !== view.name), view] })
  }

  removeView(name: string): void {
    this.#change({ views: this.views.filter((view) => view.name !== name) })
  }

  #change(changes: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...changes }
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#kept))
    } catch {
      // A browser that keeps nothing: it holds until the page is closed.
    }
  }

  #applyTheme(): void {
    if (this.theme === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = this.theme
  }
}

export const preferences = new Preferences()
