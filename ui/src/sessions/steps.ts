/** The steps of a session as rows: which are shown when some are folded, and where each stands in time. */
import type { Session, Step } from '../api/contract.ts'

export interface Row {
  index: number
  step: Step
  /** Steps inside of it. */
  inside: number
}

/** A parent stands before what is inside of it; anything else would go round in circles. */
function parentOf(steps: Step[], index: number): number | undefined {
  const parent = steps[index]?.parent
  return typeof parent === 'number' && parent < index ? parent : undefined
}

export function rowsOf(steps: Step[], folded: ReadonlySet<number>): Row[] {
  const inside = new Array<number>(steps.length).fill(0)
  for (let index = 0; index < steps.length; index += 1) {
    let parent = parentOf(steps, index)
    while (parent !== undefined) {
      inside[parent] = (inside[parent] ?? 0) + 1
      parent = parentOf(steps, parent)
    }
  }
  const hidden = new Set<number>()
  const rows: Row[] = []
  steps.forEach((step, index) => {
    const parent = parentOf(steps, index)
    if (parent !== undefined && (hidden.has(parent) || folded.has(parent))) {
      hidden.add(index)
      return
    }
    rows.push({ index, step, inside: inside[index] ?? 0 })
  })
  return rows
}

/** Part of the session's time, from 0 to 1: where a step begins and how long it is. */
export function placeOf(step: Step, session: Session): { left: number; width: number } {
  const began = Date.parse(session.began)
  const whole = Math.max(Date.parse(session.ended) - began, 1)
  const left = Math.min(Math.max((Date.parse(step.timestamp) - began) / whole, 0), 1)
  const width = Math.min(Math.max((step.duration_ms ?? 0) / whole, 0), 1 - left)
  return Number.isNaN(left) ? { left: 0, width: 0 } : { left, width }
}

/** What is not whole about a session, in words; nothing when every call has a beginning and an end. */
export function coverageWords(session: Session): string | undefined {
  const { without_end: open, without_begin: lost } = session.coverage
  const parts: string[] = []
  if (open.length > 0) parts.push(`${open.length} ${open.length === 1 ? 'call' : 'calls'} without an end`)
  if (lost.length > 0) parts.push(`${lost.length} ${lost.length === 1 ? 'end' : 'ends'} without a call`)
  return parts.length > 0 ? parts.join(', ') : undefined
}

export const actionWords = (step: Step): string => step.action.replace(/^tool:/, '')
