// Takes the pictures of the README, in both themes, from any running viewer:
//   npm run shots -- --url http://127.0.0.1:2852 [--code CODE | --token TOKEN] [--out shots] [--only explore,session]
// For a server with nothing in it: `bulla serve --demo`.
import { mkdir } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chromium } from '@playwright/test'

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:2852' },
    code: { type: 'string' },
    token: { type: 'string' },
    out: { type: 'string', default: 'shots' },
    only: { type: 'string' },
    width: { type: 'string', default: '1440' },
    height: { type: 'string', default: '900' },
  },
})
let cookies
const browsers = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].filter(Boolean)
const executablePath = browsers.find((path) => existsSync(path))

await mkdir(values.out, { recursive: true })
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
const viewport = { width: Number(values.width), height: Number(values.height) }
for (const colorScheme of ['light', 'dark']) {
  const context = await browser.newContext({ viewport, colorScheme, deviceScaleFactor: 2, timezoneId: 'UTC', reducedMotion: 'reduce' })
  const page = await context.newPage()
  const problems = []
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  page.on('pageerror', (error) => problems.push(String(error)))
  if (values.code !== undefined || values.token !== undefined) {
    const form = values.code === undefined ? { token: values.token } : { code: values.code }
    await context.request.post(`${values.url}/login`, { form, headers: { origin: values.url }, maxRedirects: 0 })
    // A code is good for one login; the other theme goes on with the same cookie.
    values.code = values.token = undefined
    cookies = await context.cookies()
  } else if (cookies !== undefined) await context.addCookies(cookies)

  const get = async (path) => (await context.request.get(values.url + path)).json().catch(() => ({}))
  const failed = (await get('/v1/entries?q=outcome%3Afailure&limit=1')).entries?.[0]?.seq ?? 0
  const session = (await get('/v1/sessions?limit=20')).sessions?.toSorted((a, b) => b.calls - a.calls)[0]?.session_id ?? ''
  const pages = {
    explore: '#/explore',
    query: '#/explore?q=outcome%3A(denied+OR+failure)+-category%3Aaudit',
    entry: `#/explore?entry=${failed}`,
    proof: `#/explore?entry=${failed}&tab=proof`,
    raw: `#/explore?entry=${failed}&tab=raw`,
    sessions: '#/sessions',
    session: `#/session/${encodeURIComponent(session)}`,
    timeline: `#/session/${encodeURIComponent(session)}?view=timeline`,
    integrity: '#/integrity',
    sources: '#/sources',
    status: '#/status',
    help: '#/help',
  }
  for (const [name, hash] of Object.entries(pages)) {
    // A log without a session has no picture of one.
    if (session === '' && (name === 'session' || name === 'timeline')) continue
    if (values.only !== undefined && !values.only.split(',').includes(name)) continue
    await page.goto(`${values.url}/${hash}`)
    await page.reload()
    await page.waitForLoadState('networkidle', { timeout: 5000 }).catch(() => undefined)
    const path = `${values.out}/${name}-${colorScheme}.png`
    await page.screenshot({ path })
    console.log(path)
  }
  for (const problem of new Set(problems)) console.error(`in the browser (${colorScheme}): ${problem}`)
  await context.close()
}
await browser.close()
