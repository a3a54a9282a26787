// Measures the explorer with a large log, in Debian's Chromium:
//   BULLA_BIN=target/release/bulla npm run large -- --log DIR [--query 'outcome:failure']
// Prints how long rows take to come, the longest task while scrolling, and which requests a filter makes.
import { parseArgs } from 'node:util'
import { chromium } from '@playwright/test'

import { launchOptions } from './browser.mjs'
import { serve } from './served.mjs'

const { values } = parseArgs({ options: { log: { type: 'string' }, query: { type: 'string', default: 'outcome:failure' } } })
if (values.log === undefined) throw new Error('say which log: --log DIR')

/** Runs in the page: from now on remembers long tasks and how far frames are apart. */
function watch() {
  globalThis.seen = { tasks: [], frames: [], at: performance.now() }
  new PerformanceObserver((list) => globalThis.seen.tasks.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: 'longtask' })
  const frame = (now) => {
    globalThis.seen.frames.push(now - globalThis.seen.at)
    globalThis.seen.at = now
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
}

const rowsAreThere = () => document.querySelectorAll('.row.body').length > 3 && !document.querySelector('.row.body .pulse')
const counted = () => /[\d,]+ entries · exact/.test(document.body.innerText)
const round = (number) => Math.round(number * 10) / 10

async function seen(page, what, act) {
  await page.evaluate(() => Object.assign(globalThis.seen, { tasks: [], frames: [] }))
  await act()
  const { tasks, frames } = await page.evaluate(() => globalThis.seen)
  frames.sort((a, b) => a - b)
  const part = (share) => round(frames[Math.floor((frames.length - 1) * share)] ?? 0)
  console.log(`${what}: longest task ${round(Math.max(0, ...tasks))} ms of ${tasks.length} over 50 ms; frames p50 ${part(0.5)}, p99 ${part(0.99)}, longest ${part(1)} ms`)
}

const { url, cookie, stop } = await serve('release', '--log', values.log)
const browser = await chromium.launch(launchOptions)
try {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, timezoneId: 'UTC' })
  await context.addCookies([cookie])
  const page = await context.newPage()
  let requests = []
  page.on('request', (request) => requests.push(new URL(request.url())))
  let began = performance.now()
  await page.goto(`${url}/#/explore`)
  await page.waitForFunction(rowsAreThere)
  console.log(`first rows after ${round(performance.now() - began)} ms`)
  await page.waitForFunction(counted)
  console.log(`counts and facets after ${round(performance.now() - began)} ms`)
  await page.evaluate(watch)

  await page.locator('.row.body').first().hover()
  await seen(page, 'wheel, 400 turns of 600 px', async () => {
    for (let turn = 0; turn < 400; turn++) {
      await page.mouse.wheel(0, 600)
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)))
    }
    await page.waitForFunction(rowsAreThere)
  })
  const view = page.locator('.view').filter({ has: page.getByRole('grid', { name: 'Entries' }) })
  await seen(page, 'scrollbar to 20 places', async () => {
    const waits = []
    for (let place = 1; place <= 20; place++) {
      began = performance.now()
      await view.evaluate((element, share) => { element.scrollTop = element.scrollHeight * share }, ((place * 7) % 20) / 20)
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
      await page.waitForFunction(rowsAreThere)
      waits.push(performance.now() - began)
    }
    waits.sort((a, b) => a - b)
    console.log(`rows at a far place after p50 ${round(waits[10])} ms, longest ${round(waits[19])} ms`)
  })
  await view.evaluate((element) => { element.scrollTop = 0 })

  requests = []
  began = performance.now()
  await seen(page, `filter ${values.query}`, async () => {
    const answer = page.waitForResponse((response) => response.url().includes('/v1/entries') && new URL(response.url()).searchParams.get('q') !== null)
    const box = page.getByRole('combobox').first()
    await box.fill(values.query)
    await box.press('Enter')
    await answer
    await page.waitForFunction(rowsAreThere)
    console.log(`rows of ${values.query} after ${round(performance.now() - began)} ms`)
    await page.waitForFunction(counted)
  })
  const asked = requests.filter(({ pathname }) => pathname.startsWith('/v1/')).map(({ pathname, search }) => pathname + search)
  console.log(`it asked for\n  ${asked.join('\n  ')}`)
} finally {
  await browser.close()
  stop()
}
