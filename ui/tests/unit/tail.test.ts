import { expect, test, vi } from 'vitest'
import { follow, type TailState } from '../../src/api/tail.ts'

/** An event source in the hands of the test. */
class Source extends EventTarget {
  readyState = 0
  onopen: (() => void) | null = null
  onmessage: ((event: MessageEvent<string>) => void) | null = null
  onerror: (() => void) | null = null
  isClosed = false
  constructor(readonly address: string) {
    super()
  }
  close(): void {
    this.isClosed = true
  }
  say(seq: number): void {
    this.onmessage?.(new MessageEvent('message', { data: JSON.stringify({ seq }) }))
  }
}

function begin(from: number) {
  const sources: Source[] = []
  const seqs: number[] = []
  const states: [TailState, string | undefined][] = []
  const refused = vi.fn()
  const stop = follow({
    q: 'outcome:denied',
    from,
    entry: (entry) => seqs.push(entry.seq),
    state: (state, why) => states.push([state, why]),
    refused,
    source: (address) => {
      const source = new Source(address)
      sources.push(source)
      return source as unknown as EventSource
    },
  })
  return { sources, seqs, states, refused, stop }
}

test('a follower that is cut goes on where it stood, without a gap and without an entry twice', () => {
  vi.useFakeTimers()
  const { sources, seqs, states, stop } = begin(7)
  expect(sources[0]?.address).toBe('/v1/tail?q=outcome%3Adenied&from=7')
  sources[0]?.onopen?.()
  sources[0]?.say(7)
  sources[0]?.say(9)
  sources[0]?.dispatchEvent(new MessageEvent('cut', { data: '{"reason":"too slow","next_seq":10}' }))
  expect(states.at(-1)).toEqual(['waiting', 'too slow'])
  vi.runOnlyPendingTimers()
  expect(sources[1]?.address).toBe('/v1/tail?q=outcome%3Adenied&from=10')
  sources[1]?.say(9)
  sources[1]?.say(10)
  expect(seqs).toEqual([7, 9, 10])
  stop()
  expect(sources[1]?.isClosed).toBe(true)
  vi.useRealTimers()
})

test('a source that the browser gave up is asked about, and opened again', () => {
  vi.useFakeTimers()
  const { sources, refused, stop } = begin(0)
  const [first] = sources
  if (first === undefined) throw new Error('no source')
  first.readyState = 2
  first.onerror?.()
  expect(refused).toHaveBeenCalledOnce()
  vi.runOnlyPendingTimers()
  expect(sources).toHaveLength(2)
  stop()
  vi.runOnlyPendingTimers()
  expect(sources).toHaveLength(2)
  vi.useRealTimers()
})
