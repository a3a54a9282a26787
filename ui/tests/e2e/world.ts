/**
 * A server with a made-up week of entries, and a page that may not do what no page of Bulla may: ask another host for
 * something, run what its policy forbids, or fail in a script.
 *
 * With BULLA_BIN the server is that binary; tests of what a real server seldom does have the mock all the same.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test as base, expect, type Page } from '@playwright/test'
import { MockApi } from '../mock/api.ts'
import { sampleLog } from '../mock/sample.ts'
import { passOn, serve, type Served } from '../mock/serve.ts'

const DIST = join(import.meta.dirname, '../../dist')
const BINARY = process.env.BULLA_BIN
/** Entries of the made-up log. */
const ENTRIES = 900

export interface World {
  address: string
  isReal: boolean
  record(event: Record<string, unknown>): Promise<void>
}

export interface MockWorld extends World {
  api: MockApi
  /** Ends the server; what follows is a server that is gone. */
  stop(): Promise<void>
  /** Starts it again at the same address. */
  start(): Promise<void>
}

interface Fixtures {
  world: World
  mock: MockWorld
  guarded: undefined
}

interface Shared {
  real: RealServer | undefined
}

interface RealServer {
  address: string
  cookie: { name: string; value: string; url: string }
}

async function mockWorld(): Promise<MockWorld> {
  const api = new MockApi(sampleLog(ENTRIES, new Date()))
  const answer = (...args: Parameters<MockApi['answer']>) => api.answer(...args)
  let served: Served = await serve(answer, DIST)
  const port = Number(new URL(served.address).port)
  return {
    address: served.address,
    isReal: false,
    api,
    record: (event) => {
      api.log.record({ timestamp: new Date().toISOString(), ...event }, new Date())
      api.log.publish()
      return Promise.resolve()
    },
    stop: () => served.close(),
    start: async () => {
      served = await serve(answer, DIST, port)
    },
  }
}

/** Starts the binary over a log that was filled through its command line. */
async function realServer(binary: string, folder: string): Promise<{ url: string; code: string; process: ChildProcess }> {
  // Without what only the log itself writes: the envelope, and where a payload lies.
  const events = sampleLog(ENTRIES, new Date()).entries.filter((entry) => entry.category !== 'audit')
  const lines = events.map(({ seq: _seq, recorded_at: _at, source: _source, payloads: _payloads, ...event }) => JSON.stringify(event)).join('\n')
  const filled = spawnSync(binary, ['record', '-', '--log', folder], { input: lines, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (filled.status !== 0) throw new Error(`the log could not be filled: ${filled.stderr}`)
  const server = spawn(binary, ['serve', '--listen', '127.0.0.1:0', '--log', folder], { stdio: ['ignore', 'pipe', 'pipe'] })
  return new Promise((resolve, reject) => {
    let said = ''
    const listen = (chunk: Buffer) => {
      said += chunk.toString()
      const link = /(http:\/\/127\.0\.0\.1:\d+)\/login\?code=([\w-]+)/.exec(said)
      if (link !== null) resolve({ url: link[1] ?? '', code: link[2] ?? '', process: server })
    }
    server.stdout.on('data', listen)
    server.stderr.on('data', listen)
    server.on('exit', () => reject(new Error(`the server ended: ${said}`)))
  })
}

export const test = base.extend<Fixtures, Shared>({
  real: [
    // eslint-disable-next-line no-empty-pattern -- the way to say that a fixture needs no other
    async ({}, use) => {
      if (BINARY === undefined) return use(undefined)
      const folder = mkdtempSync(join(tmpdir(), 'bulla-viewer-'))
      const { url, code, process } = await realServer(BINARY, join(folder, 'audit'))
      const login = await fetch(`${url}/login`, { method: 'POST', redirect: 'manual', headers: { origin: url }, body: new URLSearchParams({ code }) })
      const [name = '', value = ''] = (login.headers.get('set-cookie') ?? '').split(';')[0]?.split('=') ?? []
      const page = await fetch(url, { headers: { cookie: `${name}=${value}` } })
      // A binary without the viewer in it, or with another build of it: the files come from here, the API from there.
      const isSame = (await page.text()) === readFileSync(join(DIST, 'index.html'), 'utf8')
      const served = isSame ? undefined : await serve(passOn(url), DIST)
      const address = served?.address ?? url
      await use({ address, cookie: { name, value, url: address } })
      await served?.close()
      const ended = new Promise((resolve) => process.once('exit', resolve))
      process.kill()
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
    { scope: 'worker' },
  ],

  world: async ({ real, context }, use) => {
    if (real === undefined) {
      const world = await mockWorld()
      await use(world)
      await world.stop()
      return
    }
    await context.addCookies([real.cookie])
    const { name, value } = real.cookie
    await use({
      address: real.address,
      isReal: true,
      record: async (event) => {
        const headers = { cookie: `${name}=${value}`, 'content-type': 'application/json', origin: real.address }
        const answer = await fetch(`${real.address}/v1/entries?wait=published`, { method: 'POST', headers, body: JSON.stringify(event) })
        if (!answer.ok) throw new Error(`recording: ${answer.status} ${await answer.text()}`)
      },
    })
  },

  // eslint-disable-next-line no-empty-pattern -- the way to say that a fixture needs no other
  mock: async ({}, use) => {
    const world = await mockWorld()
    await use(world)
    await world.stop()
  },

  guarded: [
    async ({ page }, use, info) => {
      test.skip(info.config.metadata.hasBrowser !== true, 'no browser')
      if (!existsSync(join(DIST, 'index.html'))) throw new Error('there is no dist: run `npm run build` first')
      const broken: string[] = []
      page.on('pageerror', (error) => broken.push(`script: ${String(error)}`))
      page.on('dialog', (dialog) => {
        broken.push(`dialog: ${dialog.message()}`)
        void dialog.dismiss()
      })
      page.on('console', (message) => {
        // The browser itself notes each answer that is no success; what the page does with it is tested.
        if (message.type() === 'error' && !/Failed to load resource|ERR_CONNECTION|EventSource/.test(message.text())) broken.push(`console: ${message.text()}`)
      })
      page.on('request', (request) => {
        const { protocol, hostname } = new URL(request.url())
        if (!['data:', 'blob:'].includes(protocol) && hostname !== '127.0.0.1') broken.push(`asked elsewhere: ${request.url()}`)
      })
      await page.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))
      })
      await use(undefined)
      expect(broken).toEqual([])
    },
    { auto: true },
  ],
})

export { expect }

/** Opens a page of the viewer and waits until it has what it asked for. */
export async function open(page: Page, world: World, hash = '#/explore'): Promise<void> {
  await page.goto(`${world.address}/${hash}`)
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
  await expect(page.locator('.pulse', { hasText: /Counting|Loading|Reading|Looking|Hashing/ })).toHaveCount(0)
}

export const rows = (page: Page) => page.getByRole('grid', { name: 'Entries' }).locator('.row.body')
export const panel = (page: Page) => page.getByRole('complementary', { name: /^Entry/ })

export const query = (page: Page) => page.getByRole('combobox', { name: 'Query' })

export async function search(page: Page, text: string): Promise<void> {
  await query(page).fill(text)
  await query(page).press('Enter')
}

/** The address's parameter, as the page has it now. */
export const param = (page: Page, name: string): string | null => new URLSearchParams(new URL(page.url()).hash.split('?')[1] ?? '').get(name)

/** The session with the most calls. */
export async function sessionOf(page: Page, world: World): Promise<string> {
  const answer = await page.request.get(`${world.address}/v1/sessions?limit=20`)
  const { sessions } = (await answer.json()) as { sessions: { session_id: string; calls: number }[] }
  return sessions.toSorted((a, b) => b.calls - a.calls)[0]?.session_id ?? ''
}
