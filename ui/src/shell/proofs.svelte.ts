/** What this browser checked of the log: the verifier, the badge it gives, and the verdict of each entry it looked at. */
import { api } from '../api/client.ts'
import type { IconName } from './Icon.svelte'
import { createVerifier, type EntryVerdict, type Verifier, type VerifierState } from '../verify/index.ts'

/** Every 15 s the newest checkpoint is looked at. */
const REFRESH_MS = 15_000
const SEEN_KEY = 'bulla.checkpoints'
/** 200 checkpoints of about 120 bytes: 24 KiB of this browser's store. */
const SEEN_MAX = 200

/** A checkpoint that this browser saw. */
export interface SeenCheckpoint {
  at: string
  size: number
  root: string
  word: string
}

export const BADGES: Record<VerifierState['badge'], string> = {
  verified: 'Verified',
  verified_with_gaps: 'Verified, with gaps',
  not_covered: 'Not yet covered',
  erased: 'Erased, proof intact',
  cannot_verify: 'Cannot verify',
  tampered: 'Tampered',
  working: 'Checking…',
}

export const BADGE_ICONS: Record<VerifierState['badge'], IconName> = {
  verified: 'shield',
  verified_with_gaps: 'shield',
  not_covered: 'dots',
  erased: 'erased',
  cannot_verify: 'unknown',
  tampered: 'warning',
  working: 'dots',
}

class Proofs {
  state = $state.raw<VerifierState>({ badge: 'working', gaps: 0, checked: [], notProved: [] })
  verdicts = $state.raw<ReadonlyMap<number, EntryVerdict>>(new Map())
  seen = $state.raw<SeenCheckpoint[]>([])
  lastLooked = $state<Date | undefined>(undefined)
  #verifier: Verifier | undefined

  begin(): void {
    this.#verifier = createVerifier({ fetch: (...request) => fetch(...request), storage: localStorage })
    this.seen = readSeen()
    this.#verifier.state.subscribe((state) => {
      this.state = state
      this.#remember(state)
    })
    setInterval(() => {
      if (document.visibilityState === 'visible') void this.refresh()
    }, REFRESH_MS)
    void this.refresh()
  }

  get verifier(): Verifier | undefined {
    return this.#verifier
  }

  async refresh(): Promise<void> {
    await this.#verifier?.refresh().catch(() => undefined)
    this.lastLooked = new Date()
  }

  /** Entries below this number are in a checkpoint that was looked at. */
  get covered(): number {
    return this.state.checkpoint?.size ?? 0
  }

  async check(seq: number, line?: Uint8Array): Promise<EntryVerdict | undefined> {
    if (this.#verifier === undefined) return undefined
    const bytes = line ?? (await api.entry(seq)).line
    if (seq >= this.covered) await this.refresh()
    const verdict = await this.#verifier.checkEntry(seq, bytes)
    this.verdicts = new Map(this.verdicts).set(seq, verdict)
    return verdict
  }

  #remember(state: VerifierState): void {
    const { checkpoint, badge } = state
    if (checkpoint === undefined || badge === 'working') return
    const last = this.seen.at(-1)
    if (last?.size === checkpoint.size && last.root === checkpoint.rootBase64) return
    const next = { at: new Date().toISOString(), size: checkpoint.size, root: checkpoint.rootBase64, word: BADGES[badge] }
    this.seen = [...this.seen, next].slice(-SEEN_MAX)
    try {
      localStorage.setItem(SEEN_KEY, JSON.stringify(this.seen))
    } catch {
      // A browser that keeps nothing.
    }
  }
}

function readSeen(): SeenCheckpoint[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(SEEN_KEY) ?? '[]')
    return Array.isArray(kept) ? (kept as SeenCheckpoint[]).filter((one) => typeof one?.size === 'number' && typeof one.root === 'string') : []
  } catch {
    return []
  }
}

export const proofs = new Proofs()

/** The badge in words: with its number of gaps, its reason, or the first bad entry. */
export function badgeWords(state: VerifierState): string {
  switch (state.badge) {
    case 'verified_with_gaps':
      return `${BADGES.verified_with_gaps} (${state.gaps})`
    case 'tampered':
      return state.firstBadSeq === undefined ? BADGES.tampered : `${BADGES.tampered} (from entry ${state.firstBadSeq})`
    default:
      return BADGES[state.badge]
  }
}
