/**
 * Where the reader is: everything that a link must carry lives in the address, behind the `#`, so that it never reaches
 * the server or its logs. Back and forward work because each step is an entry of the browser's history.
 */

export interface Place {
  page: string
  /** What follows the page in the path, decoded. */
  rest: string
  params: Record<string, string>
}

export function readPlace(hash: string): Place {
  const text = hash.replace(/^#\/?/, '')
  const mark = text.indexOf('?')
  const path = mark < 0 ? text : text.slice(0, mark)
  const params = Object.fromEntries(new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1)))
  const slash = path.indexOf('/')
  const page = slash < 0 ? path : path.slice(0, slash)
  let rest = slash < 0 ? '' : path.slice(slash + 1)
  try {
    rest = decodeURIComponent(rest)
  } catch {
    // A hand-written percent sign: taken as it is.
  }
  return { page: page === '' ? 'explore' : page, rest, params }
}

export function writePlace({ page, rest, params }: Place): string {
  const search = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== '')).toString()
  const path = rest === '' ? page : `${page}/${encodeURIComponent(rest)}`
  return `#/${path}${search === '' ? '' : `?${search}`}`
}

/** Kept while somebody logs in on another page of this server. */
const KEPT = 'bulla.place'

class Route {
  #place = $state.raw<Place>(readPlace(''))

  get page(): string {
    return this.#place.page
  }

  get rest(): string {
    return this.#place.rest
  }

  param(name: string): string {
    return this.#place.params[name] ?? ''
  }

  begin(): void {
    if (location.hash === '') {
      const kept = sessionStorage.getItem(KEPT)
      if (kept !== null) history.replaceState(null, '', kept)
    }
    sessionStorage.removeItem(KEPT)
    const read = () => (this.#place = readPlace(location.hash))
    read()
    addEventListener('popstate', read)
    addEventListener('hashchange', read)
  }

  keepForLogin(): void {
    sessionStorage.setItem(KEPT, location.hash)
  }

  /** The address of a page. */
  to(page: string, rest = '', params: Record<string, string> = {}): string {
    return writePlace({ page, rest, params })
  }

  go(page: string, rest = '', params: Record<string, string> = {}): void {
    this.#move({ page, rest, params }, false)
  }

  /** Changes parameters of this page; `replace` when it is no step that a person would go back over. */
  set(changes: Record<string, string>, replace = false): void {
    this.#move({ ...this.#place, params: { ...this.#place.params, ...changes } }, replace)
  }

  with(changes: Record<string, string>): string {
    return writePlace({ ...this.#place, params: { ...this.#place.params, ...changes } })
  }

  #move(place: Place, replace: boolean): void {
    const address = writePlace(place)
    if (address === writePlace(this.#place)) return
    if (replace) history.replaceState(null, '', address)
    else history.pushState(null, '', address)
    this.#place = place
  }
}

export const route = new Route()
