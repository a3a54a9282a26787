/**
 * Follows the log. The browser's own event source goes on behind the last entry when a connection breaks; when it gives
 * up, or the server cuts it, this begins again from the number it stands at, so no entry is missed or comes twice.
 */
import type { Entry } from './contract.ts'
import { address } from './client.ts'

export type TailState = 'opening' | 'following' | 'waiting'

export interface TailOptions {
  q: string
  /** Number of the first entry that is wanted. */
  from: number
  entry(entry: Entry): void
  state(state: TailState, why?: string): void
  /** Called when the event source was refused: says why by asking another way. */
  refused(): void
  source?: (address: string) => EventSource
}

/** 1 s, doubled up to 15 s. */
const AGAIN_MS = { first: 1000, most: 15_000 }

export function follow(options: TailOptions): () => void {
  let next = options.from
  let wait = AGAIN_MS.first
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let isOver = false

  const again = (why?: string) => {
    source?.close()
    if (isOver) return
    options.state('waiting', why)
    timer = setTimeout(open, wait)
    wait = Math.min(wait * 2, AGAIN_MS.most)
  }

  const ended = (event: Event) => {
    let why: string | undefined
    try {
      const data = JSON.parse((event as MessageEvent<string>).data) as { reason?: string; next_seq?: number }
      why = data.reason
      if (typeof data.next_seq === 'number') next = Math.max(next, data.next_seq)
    } catch {
      // Without a reason it still ends.
    }
    again(why)
  }

  function open(): void {
    options.state('opening')
    const make = options.source ?? ((at) => new EventSource(at))
    source = make(address('/v1/tail', { q: options.q, from: next }))
    source.onopen = () => {
      wait = AGAIN_MS.first
      options.state('following')
    }
    source.onmessage = (event: MessageEvent<string>) => {
      const entry = JSON.parse(event.data) as Entry
      if (entry.seq < next) return
      next = entry.seq + 1
      options.entry(entry)
    }
    source.addEventListener('cut', ended)
    source.addEventListener('closed', ended)
    source.onerror = () => {
      if (source?.readyState === 2) {
        options.refused()
        again()
      } else {
        options.state('waiting')
      }
    }
  }

  open()
  return () => {
    isOver = true
    clearTimeout(timer)
    source?.close()
  }
}
