/** How long a source was not heard, in a word. A limit for each emitter is for alert rules; these are for the eye. */

/** 5 minutes: something that works all the time is heard within them. */
const LIVELY_MS = 5 * 60_000
/** A day without a word. */
const QUIET_MS = 24 * 3_600_000

export function liveliness(lastSeen: string, now: Date): { kind: 'lively' | 'quiet' | 'silent'; word: string } {
  const silent = now.getTime() - Date.parse(lastSeen)
  if (Number.isNaN(silent)) return { kind: 'silent', word: 'never heard' }
  if (silent <= LIVELY_MS) return { kind: 'lively', word: 'heard now' }
  if (silent <= QUIET_MS) return { kind: 'quiet', word: 'quiet' }
  return { kind: 'silent', word: 'silent for over a day' }
}
