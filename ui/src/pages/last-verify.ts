/** The last verification of a range in this browser, so that a reader sees how old it is. It proves nothing by itself. */
import { BADGES } from '../shell/proofs.svelte.ts'
import type { RangeVerdict } from '../verify/index.ts'

export interface LastVerify {
  at: string
  from: number
  to: number
  status: RangeVerdict['status']
}

const KEY = 'bulla.last-verify'

export function readLast(): LastVerify | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Partial<LastVerify> | null
    const isWhole = kept !== null && typeof kept.at === 'string' && typeof kept.from === 'number' && typeof kept.to === 'number' && typeof kept.status === 'string' && kept.status in BADGES
    return isWhole ? (kept as LastVerify) : undefined
  } catch {
    return undefined
  }
}

export function keepLast({ from, to, status }: RangeVerdict): LastVerify {
  const last = { at: new Date().toISOString(), from, to, status }
  try {
    localStorage.setItem(KEY, JSON.stringify(last))
  } catch {
    // A browser that keeps nothing.
  }
  return last
}
