/** Something that a page reads from the server once, and again when it is asked or the server came back. */
import { isAbort } from './client.ts'
import { connection } from './connection.svelte.ts'

export interface Resource<T> {
  readonly value: T | undefined
  readonly error: unknown
  readonly isLoading: boolean
  again(): void
}

/** Reads in an effect: what `read` looks at makes it read again. */
export function resource<T>(read: (signal: AbortSignal) => Promise<T>, everyMs?: number): Resource<T> {
  let value = $state.raw<T | undefined>(undefined)
  let error = $state.raw<unknown>(undefined)
  let isLoading = $state(true)
  let attempt = $state(0)

  $effect(() => {
    void attempt
    void connection.epoch
    const abort = new AbortController()
    isLoading = true
    read(abort.signal)
      .then((found) => {
        if (abort.signal.aborted) return
        value = found
        error = undefined
      })
      .catch((reason: unknown) => {
        if (!isAbort(reason) && !abort.signal.aborted) error = reason
      })
      .finally(() => {
        if (!abort.signal.aborted) isLoading = false
      })
    return () => abort.abort()
  })
  $effect(() => {
    if (everyMs === undefined) return
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible' && connection.isUp && connection.isLoggedIn) attempt += 1
    }, everyMs)
    return () => clearInterval(timer)
  })

  return {
    get value() {
      return value
    },
    get error() {
      return error
    },
    get isLoading() {
      return isLoading
    },
    again: () => (attempt += 1),
  }
}
