/**
 * A stand-in with the verifier's interface: it checks nothing, and says so. The real module replaces this file.
 */

export type BadgeWord = 'verified' | 'verified_with_gaps' | 'not_covered' | 'erased' | 'cannot_verify' | 'tampered' | 'working'

export interface CheckpointFacts {
  origin: string
  size: number
  rootBase64: string
  keyName: string
  keyId: string
  cosignatures?: { name: string; keyId: string; time?: string }[]
}

export interface VerifierState {
  badge: BadgeWord
  gaps: number
  reason?: string
  firstBadSeq?: number
  checkpoint?: CheckpointFacts
  pin?: { vkey: string; firstUse: boolean; pinnedAt: string }
  checked: { what: string }[]
  notProved: string[]
}

export type EntryStatus = 'verified' | 'not_covered' | 'tampered' | 'erased' | 'cannot_verify'

export interface EntryVerdict {
  status: EntryStatus
  reason?: string
  leafHashBase64: string
  treeSize: number
  path: string[]
  checkpointNote: string
}

export interface RangeVerdict {
  status: EntryStatus
  from: number
  to: number
  checked: number
  firstBadSeq?: number
  reason?: string
}

export interface Verifier {
  state: { subscribe(run: (state: VerifierState) => void): () => void }
  refresh(): Promise<void>
  checkEntry(seq: number, line: Uint8Array): Promise<EntryVerdict>
  checkRange(
    from: number,
    to: number,
    options: { onProgress?: (done: number, of: number) => void; signal?: AbortSignal },
  ): Promise<RangeVerdict>
  pin(vkey: string): void
  forget(): void
}

const REASON = 'this build has no verifier; use `bulla verify`'

export function createVerifier(options: { fetch: typeof fetch; storage: Storage; origin?: string }): Verifier {
  let state: VerifierState = { badge: 'working', gaps: 0, checked: [], notProved: ['anything: nothing was checked'] }
  const followers = new Set<(state: VerifierState) => void>()
  const change = (next: Partial<VerifierState>) => {
    state = { ...state, ...next }
    for (const follower of followers) follower(state)
  }
  return {
    state: {
      subscribe(run) {
        run(state)
        followers.add(run)
        return () => followers.delete(run)
      },
    },
    async refresh() {
      try {
        const answer = await options.fetch('/checkpoint')
        const lines = (await answer.text()).split('\n')
        const [origin = '', size = '0', rootBase64 = ''] = lines
        const signature = lines.find((line) => line.startsWith('— ')) ?? ''
        const keyName = signature.split(' ')[1] ?? ''
        change({
          badge: 'cannot_verify',
          reason: REASON,
          checkpoint: { origin, size: Number(size), rootBase64, keyName, keyId: '' },
        })
      } catch (error) {
        change({ badge: 'cannot_verify', reason: String(error) })
      }
    },
    async checkEntry(_seq, _line) {
      return { status: 'cannot_verify', reason: REASON, leafHashBase64: '', treeSize: state.checkpoint?.size ?? 0, path: [], checkpointNote: '' }
    },
    async checkRange(from, to) {
      return { status: 'cannot_verify', from, to, checked: 0, reason: REASON }
    },
    pin(vkey) {
      change({ pin: { vkey, firstUse: false, pinnedAt: new Date().toISOString() } })
    },
    forget() {
      change({ pin: undefined })
    },
  }
}
