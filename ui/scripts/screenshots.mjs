// Takes the README's pictures, in both themes, from a server of its own with the made-up day of `bulla serve --demo`:
//   npm run shots                                      the pictures in docs/images (WebP)
//   npm run shots -- --all --format png --out DIR      every page, to look at; --width and --height say how large
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from '@playwright/test'

import { launchOptions } from './browser.mjs'
import { serve } from './served.mjs'

const root = join(import.meta.dirname, '../..')
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'docs/images') },
    format: { type: 'string', default: 'webp' },
    all: { type: 'boolean', default: false },
    only: { type: 'string' },
    width: { type: 'string', default: '1440' },
    height: { type: 'string', default: '900' },
    zoom: { type: 'string', default: '1.5' },
  },
})
const README = ['explore', 'session', 'integrity']

async function pagesOf(context, url) {
  const get = async (path) => (await context.request.get(url + path)).json()
  const failed = (await get('/v1/entries?q=event_name%3Atool.call+phase%3Apost+outcome%3Afailure&limit=1')).entries[0]?.seq ?? 0
  const { sessions } = await get('/v1/sessions?limit=100')
  const session = encodeURIComponent(sessions.toSorted((a, b) => b.calls - a.calls)[0]?.session_id ?? '')
  return {
    explore: `#/explore?q=outcome%3A(denied+OR+failure)&entry=${failed}`,
    session: `#/session/${session}`,
    integrity: '#/integrity',
    list: '#/explore',
    query: '#/explore?q=-category%3Aaudit',
    mistake: '#/explore?q=outcome%3Adenied+principle%3Aalice',
    nothing: '#/explore?q=principal%3Anobody',
    fields: `#/explore?entry=${failed}&tab=fields`,
    proof: `#/explore?entry=${failed}&tab=proof`,
    raw: `#/explore?entry=${failed}&tab=raw`,
    near: `#/explore?entry=${failed}&tab=near`,
    sessions: '#/sessions',
    timeline: `#/session/${session}?view=timeline`,
    sources: '#/sources',
    status: '#/status',
    tokens: '#/tokens',
    settings: '#/settings',
    help: '#/help',
  }
}

async function picture(page, path) {
  const tools = await page.context().newCDPSession(page)
  const quality = values.format === 'webp' ? 80 : undefined
  const { data } = await tools.send('Page.captureScreenshot', { format: values.format, quality })
  await writeFile(path, Buffer.from(data, 'base64'))
  console.log(path)
}

await mkdir(values.out, { recursive: true })
const { url, cookie, stop } = await serve('debug', '--demo')
const browser = await chromium.launch(launchOptions)
const viewport = { width: Number(values.width), height: Number(values.height) }
const wanted = values.only?.split(',') ?? README
try {
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ viewport, colorScheme, deviceScaleFactor: Number(values.zoom), timezoneId: 'UTC', reducedMotion: 'reduce' })
    await context.addCookies([cookie])
    const page = await context.newPage()
    page.on('console', (message) => message.type() === 'error' && console.error(`in the browser: ${message.text()}`))
    page.on('pageerror', (error) => console.error(`in the browser: ${error}`))
    for (const [name, hash] of Object.entries(await pagesOf(context, url))) {
      if (!values.all && !wanted.includes(name)) continue
      await page.goto(`${url}/${hash}`)
      // A new page each time: what was opened before is not part of it.
      await page.reload()
      await page.getByRole('navigation', { name: 'Pages' }).waitFor()
      await page.waitForFunction(() => document.querySelector('[aria-label^="Integrity: Verified"]') !== null && !/Counting…|Loading…|Reading…|Looking|Hashing/.test(document.body.innerText))
      await picture(page, join(values.out, `${name}-${colorScheme}.${values.format}`))
    }
    await context.close()
  }
} finally {
  await browser.close()
  stop()
}
