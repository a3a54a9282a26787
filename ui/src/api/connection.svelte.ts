/**
 * Whether the server answers and whether the session holds. Pages that failed for one of these reasons load again when
 * `epoch` grows.
 */

/** 1 s, doubled up to 15 s: how often a server that went away is asked whether it is back. */
const ASK_AGAIN_MS = { first: 1000, most: 15_000 }

class Connection {
  isUp = $state(true)
  isLoggedIn = $state(true)
  /** Grows when asking again makes sense: the server came back, or somebody logged in. */
  epoch = $state(0)
  #timer: ReturnType<typeof setTimeout> | undefined

  lost(): void {
    this.isUp = false
    if (this.#timer === undefined) this.#askAgain(ASK_AGAIN_MS.first)
  }

  reached(): void {
    if (this.isUp) return
    this.isUp = true
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.epoch += 1
  }

  expired(): void {
    this.isLoggedIn = false
  }

  loggedIn(): void {
    this.isLoggedIn = true
    this.epoch += 1
  }

  /** Asks at once; for a person who does not want to wait. */
  askNow(): void {
    clearTimeout(this.#timer)
    this.#askAgain(0)
  }

  #askAgain(wait: number): void {
    this.#timer = setTimeout(async () => {
      const answer = await fetch('/healthz', { cache: 'no-store' }).catch(() => undefined)
      if (answer !== undefined && answer.status < 502) this.reached()
      else this.#askAgain(Math.min(Math.max(wait * 2, ASK_AGAIN_MS.first), ASK_AGAIN_MS.most))
    }, wait)
  }
}

export const connection = new Connection()
