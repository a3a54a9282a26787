/** Short words about what was just done, which go by themselves, and the clipboard they are mostly about. */

/** 4 s: long enough to read a line. */
const SHOWN_MS = 4000

class Notices {
  all = $state<{ id: number; text: string }[]>([])
  #last = 0

  say(text: string): void {
    const id = (this.#last += 1)
    this.all = [...this.all.slice(-2), { id, text }]
    setTimeout(() => (this.all = this.all.filter((notice) => notice.id !== id)), SHOWN_MS)
  }
}

export const notices = new Notices()

export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    // Without the clipboard (plain HTTP, or a browser that refuses): by way of a selection.
    const area = document.createElement('textarea')
    area.value = text
    area.className = 'unseen'
    document.body.append(area)
    area.select()
    const isCopied = document.execCommand('copy')
    area.remove()
    if (!isCopied) return notices.say('This browser does not let the page copy')
  }
  notices.say(`Copied ${what}`)
}

export const copyLink = (): Promise<void> => copy(location.href, 'a link to this page')
