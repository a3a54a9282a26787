/**
 * Attacks on a real log under a real server, seen by a real browser: files are changed, an old copy is put back, another
 * history is signed with the same key, the answers lie. The server helps with none of it; the page must say so by itself.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { closeSync, cpSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test as base, type Page } from '@playwright/test'

const BINARY = process.env.BULLA_BIN ?? join(import.meta.dirname, '../../../target/debug/bulla')
/** More than a full tile, so that proofs have several rows. */
const ENTRIES = 300

base.skip(!existsSync(BINARY), `there is no ${BINARY}: cargo build -p bulla-cli`)

const test = base.extend<{ log: AttackedLog }>({
  // eslint-disable-next-line no-empty-pattern
  log: async ({}, use) => {
    const log = await AttackedLog.make()
    await use(log)
    await log.remove()
  },
})

class AttackedLog {
  private child: ChildProcess | undefined
  private token = ''
  url = ''
  link = ''

  private constructor(
    private readonly folder: string,
    private readonly port: number,
  ) {}

  static async make(): Promise<AttackedLog> {
    const log = new AttackedLog(mkdtempSync(join(tmpdir(), 'bulla-attack-')), await freePort())
    await log.start()
    log.token = (JSON.parse(log.bulla('token', 'create', '--name', 'e2e', '--scope', 'write', '--json')) as { token: string }).token
    return log
  }

  get directory(): string {
    return join(this.folder, 'audit')
  }

  bulla(...args: string[]): string {
    const done = spawnSync(BINARY, ['--log', this.directory, ...args], { encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`bulla ${args.join(' ')}: ${done.stderr}`)
    return done.stdout
  }

  async start(...args: string[]): Promise<void> {
    const child = spawn(BINARY, ['--log', this.directory, 'serve', '--json', '--listen', `127.0.0.1:${this.port}`, ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    this.child = child
    const started = await new Promise<{ url: string; login_link: string }>((resolve, reject) => {
      let said = ''
      child.stdout.on('data', (more: Buffer) => {
        said += more.toString()
        try {
          resolve(JSON.parse(said) as { url: string; login_link: string })
        } catch {
          // The rest is still to come.
        }
      })
      child.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)))
    })
    this.url = started.url
    this.link = started.login_link
  }

  async stop(): Promise<void> {
    const child = this.child
    if (child === undefined || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Records entries and waits until a checkpoint covers them. */
  async record(count: number, what: string): Promise<void> {
    const entries = Array.from({ length: count }, (_, at) => ({ category: 'api', action: `${what} ${at}`, outcome: 'success', principal: 'alice' }))
    const answer = await fetch(`${this.url}/v1/entries?wait=published`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(entries),
    })
    if (!answer.ok) throw new Error(await answer.text())
  }

  /** Keeps a copy of the whole directory, as a backup would. */
  async copy(): Promise<string> {
    await this.stop()
    const copy = mkdtempSync(join(this.folder, 'copy-'))
    cpSync(this.directory, copy, { recursive: true })
    await this.start()
    return copy
  }

  async putBack(copy: string): Promise<void> {
    await this.stop()
    rmSync(this.directory, { recursive: true })
    cpSync(copy, this.directory, { recursive: true })
    await this.start()
  }

  /** Where a text is stored, and the number of its entry. */
  find(text: string): { path: string; at: number; seq: number } {
    const folder = join(this.directory, 'entries')
    for (const name of readdirSync(folder)) {
      const bytes = readFileSync(join(folder, name))
      const at = bytes.indexOf(text)
      if (at < 0) continue
      const line = bytes.subarray(bytes.lastIndexOf('\n', at) + 1, bytes.indexOf('\n', at)).toString()
      return { path: join(folder, name), at, seq: (JSON.parse(line) as { seq: number }).seq }
    }
    throw new Error(`no stored line has ${text}`)
  }

  /** Changes bytes of a stored line in place, as someone does who can write to the files; returns its number. */
  change(from: string, to: string): number {
    const { path, at, seq } = this.find(from)
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.from(to), 0, to.length, at)
    closeSync(file)
    return seq
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** Logs in by the printed link; what this browser remembers of the address stays. */
async function logIn(page: Page, log: AttackedLog): Promise<void> {
  await page.goto(log.link)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.waitForURL((url) => url.pathname === '/')
}

const badge = (page: Page) => page.getByRole('button', { name: /^Integrity:/ })

async function verifyAll(page: Page, log: AttackedLog): Promise<void> {
  await page.goto(`${log.url}/#/integrity`)
  await page.getByLabel('The newest').selectOption('all')
  await page.getByRole('button', { name: 'Verify', exact: true }).click()
}

test('an untouched log is verified, entry by entry, off the main thread', async ({ page, log }) => {
  await log.record(ENTRIES, 'order')
  const workers: string[] = []
  page.on('worker', (worker) => workers.push(worker.url()))
  await logIn(page, log)
  await expect(badge(page)).toContainText('Verified')
  await verifyAll(page, log)
  await expect(page.getByText(/bytes of entries 0 to \d+/).first()).toBeAttached()
  await expect(badge(page)).toContainText('Verified')
  expect(workers.length).toBe(1)
})

test('an entry that was changed in its file is named', async ({ page, log }) => {
  await log.record(ENTRIES, 'order')
  await logIn(page, log)
  await expect(badge(page)).toContainText('Verified')
  const seq = log.change('"action":"order 123"', '"action":"order 321"')
  await verifyAll(page, log)
  await expect(badge(page)).toContainText(`Tampered (from entry ${seq})`)
})

test('a log that was put back from an old copy is rolled back', async ({ page, log }) => {
  await log.record(20, 'order')
  const copy = await log.copy()
  await log.record(ENTRIES, 'later')
  await logIn(page, log)
  await expect(badge(page)).toContainText('Verified')
  await log.putBack(copy)
  await logIn(page, log)
  await expect(badge(page)).toContainText('Tampered')
  await badge(page).click()
  await expect(page.getByText(/the log was rolled back: the server shows \d+ entries/).first()).toBeVisible()
})

test('another history with the same key and origin is a fork', async ({ page, log }) => {
  await log.record(20, 'order')
  const copy = await log.copy()
  await log.record(ENTRIES, 'later')
  await logIn(page, log)
  await expect(badge(page)).toContainText('Verified')
  await log.putBack(copy)
  await log.record(ENTRIES * 2, 'invented')
  await logIn(page, log)
  await expect(badge(page)).toContainText('Tampered')
  await badge(page).click()
  await expect(page.getByText(/two histories are signed/).first()).toBeVisible()
})

test('a log that was signed anew with another key cannot be verified', async ({ page, log }) => {
  await log.record(20, 'order')
  await logIn(page, log)
  await expect(badge(page)).toContainText('Verified')
  const { origin } = JSON.parse(readFileSync(join(log.directory, 'log.json'), 'utf8')) as { origin: string }
  await log.stop()
  rmSync(log.directory, { recursive: true })
  await log.start('--origin', origin)
  await logIn(page, log)
  await expect(badge(page)).toContainText('Cannot verify')
  await badge(page).click()
  await expect(page.getByText(/nothing is signed by the pinned key/).first()).toBeVisible()
})

test('an answer that says something else than the log is tampered with', async ({ page, log }) => {
  await log.record(20, 'order')
  await logIn(page, log)
  await expect(badge(page)).toContainText('Verified')
  const { seq } = log.find('"action":"order 7"')
  await page.route(/\/v1\/entries/, async (route) => {
    const answer = await route.fetch()
    await route.fulfill({ response: answer, body: (await answer.text()).replaceAll('order 7', 'order 8') })
  })
  await page.goto(`${log.url}/#/explore?entry=${seq}&tab=proof`)
  await page.reload()
  await expect(badge(page)).toContainText(`Tampered (from entry ${seq})`)
})

test('the offline page checks a proof without any server', async ({ page, log }) => {
  await log.record(20, 'order')
  const [proof, entry, vkey] = [log.bulla('prove', '9'), log.bulla('show', '9', '--raw'), log.bulla('key', 'show').match(/\S+\+[0-9a-f]{8}\+\S+/)?.[0]]
  const answer = await fetch(`${log.url}/verify.html`)
  const file = join(log.directory, 'verify.html')
  writeFileSync(file, Buffer.from(await answer.arrayBuffer()))
  await log.stop()
  await page.goto(`file://${file}`)
  await page.getByLabel('Verifier key of the log').fill(vkey ?? '')
  await page.getByLabel('Proof', { exact: true }).fill(proof)
  await page.getByLabel('Entry', { exact: true }).fill(entry)
  await page.getByRole('button', { name: 'Check' }).click()
  await expect(page.getByRole('heading', { name: 'Verified' })).toBeVisible()
  await expect(page.getByText('What that does not prove')).toBeVisible()
  await page.getByLabel('Entry', { exact: true }).fill(entry.replace('"seq":9', '"seq":8'))
  await page.getByRole('button', { name: 'Check' }).click()
  await expect(page.getByRole('heading', { name: 'Not proved' })).toBeVisible()
})
