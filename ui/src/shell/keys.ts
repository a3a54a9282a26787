/** The keys, in one table: what listens to them and what the help shows are the same. */

export interface Key {
  keys: string
  says: string
  where: 'everywhere' | 'in the list' | 'in a session'
}

export const KEYS: readonly Key[] = [
  { keys: '/', says: 'Go to the query box', where: 'everywhere' },
  { keys: '?', says: 'Help', where: 'everywhere' },
  { keys: 'Ctrl+K', says: 'Palette: pages, views, entries, acts', where: 'everywhere' },
  { keys: 'Esc', says: 'Close what is open', where: 'everywhere' },
  { keys: 'u', says: 'Times in UTC or local', where: 'everywhere' },
  { keys: 'y', says: 'Copy a link to what is on the page', where: 'everywhere' },
  { keys: 'v', says: 'Verify: the entry, those that are selected, or the newest checkpoint', where: 'everywhere' },
  { keys: 'j', says: 'Next entry', where: 'in the list' },
  { keys: 'k', says: 'Previous entry', where: 'in the list' },
  { keys: 'Enter', says: 'Open the entry', where: 'in the list' },
  { keys: 'x', says: 'Select the entry', where: 'in the list' },
  { keys: 'g', says: 'Go to an entry, or to a time', where: 'in the list' },
  { keys: 't', says: 'Time range', where: 'in the list' },
  { keys: 'l', says: 'Live', where: 'in the list' },
  { keys: 'e', says: 'Export', where: 'in the list' },
  { keys: 'Ctrl+Z', says: 'Take back the last change of the query', where: 'in the list' },
  { keys: '[', says: 'Previous step', where: 'in a session' },
  { keys: ']', says: 'Next step', where: 'in a session' },
]

/** The name of a key press in the table's words; nothing while somebody types. */
export function keyOf(event: KeyboardEvent): string | undefined {
  const isControl = event.ctrlKey || event.metaKey
  if (isControl && event.key.toLowerCase() === 'k') return 'Ctrl+K'
  if (event.key === 'Escape') return 'Esc'
  const target = event.target
  const types =
    target instanceof HTMLElement &&
    (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type)))
  if (types) return undefined
  if (isControl && event.key.toLowerCase() === 'z' && !event.shiftKey) return 'Ctrl+Z'
  if (isControl || event.altKey) return undefined
  if (event.key === 'Enter') {
    // Enter on a button presses it.
    return target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement ? undefined : 'Enter'
  }
  return event.key.length === 1 ? event.key : undefined
}

type Act = () => void
const listeners: Map<string, Act>[] = []

/** Adds acts for keys; the last that came goes before the others. Returns what takes them away again. */
export function onKeys(acts: Record<string, Act>): () => void {
  const added = new Map(Object.entries(acts))
  listeners.push(added)
  return () => {
    const at = listeners.indexOf(added)
    if (at >= 0) listeners.splice(at, 1)
  }
}

export function press(event: KeyboardEvent): void {
  const key = keyOf(event)
  if (key === undefined || event.defaultPrevented) return
  // An open dialog has the keys to itself, apart from the one that closes it.
  if (document.querySelector('dialog[open]') !== null && key !== 'Ctrl+K') return
  for (const acts of listeners.toReversed()) {
    const act = acts.get(key)
    if (act !== undefined) {
      event.preventDefault()
      act()
      return
    }
  }
}
