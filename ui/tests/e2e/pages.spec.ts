import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from '@playwright/test'
import { expect, open, panel, rows, sessionOf, test } from './world.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  id: string
  nodes: { target: string[]; failureSummary?: string }[]
}

/** Rules of WCAG 2.2 A and AA, on the page as it is. */
async function accessible(page: Page, within = 'html'): Promise<void> {
  // The policy allows no script but the page's own, so this one comes by way of the debugger.
  await page.evaluate(AXE)
  const violations = await page.evaluate(async (within) => {
    const { axe } = window as unknown as { axe: { run(where: string, options: unknown): Promise<{ violations: Violation[] }> } }
    const found = await axe.run(within, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    return found.violations
  }, within)
  expect(violations.map(({ id, nodes }) => ({ id, where: nodes.slice(0, 4).map((node) => `${node.target.join(' ')}: ${node.failureSummary ?? ''}`) }))).toEqual([])
}

const PAGES: Record<string, string> = {
  explorer: '#/explore',
  'a query': '#/explore?q=outcome:(denied+OR+failure)+-category:audit&from=30d',
  'a mistake': '#/explore?q=principle:alice',
  'an entry': '#/explore?entry=40',
  'its fields': '#/explore?entry=40&tab=fields',
  'its proof': '#/explore?entry=40&tab=proof',
  'its bytes': '#/explore?entry=40&tab=raw',
  'its neighbours': '#/explore?entry=40&tab=near',
  sessions: '#/sessions',
  integrity: '#/integrity',
  sources: '#/sources',
  status: '#/status',
  tokens: '#/tokens',
  settings: '#/settings',
  help: '#/help',
}

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme })

    for (const [name, hash] of Object.entries(PAGES)) {
      test(`${name} can be read by everybody`, async ({ page, world }) => {
        await open(page, world, hash)
        await accessible(page)
      })
    }

    test('a session can be read by everybody, in each of its views', async ({ page, world }) => {
      const id = await sessionOf(page, world)
      for (const view of ['tree', 'timeline', 'log']) {
        await open(page, world, `#/session/${id}?view=${view}`)
        await expect(page.locator('.step').first()).toBeVisible()
        await accessible(page)
      }
    })

    test('a payload that was read can be read by everybody', async ({ page, mock }) => {
      const payload = mock.api.log.store('/detail/output', 'text/plain', Buffer.from('a line\n'.repeat(200)))
      await mock.record({ category: 'api', action: 'report', outcome: 'success', payloads: [payload] })
      await open(page, mock, `#/explore?entry=${mock.api.log.size - 1}`)
      await panel(page).getByRole('button', { name: 'Read', exact: true }).click()
      await expect(panel(page).getByText('Matches the digest in the entry.')).toBeVisible()
      await accessible(page)
    })

    test('checked checkpoints, a made token and a question can be read by everybody', async ({ page, mock }) => {
      const { log } = mock.api
      const honest = log.checkpoint.bind(log)
      const bad = log.history[2]
      log.checkpoint = (size?: number) => (size === bad ? honest(size).replace(/\S{20}\n$/, `${'A'.repeat(18)}==\n`) : honest(size))
      await open(page, mock, '#/integrity')
      await page.getByRole('button', { name: /^Check these/ }).click()
      await expect(page.locator('.word .bad').first()).toBeVisible()
      await accessible(page)
      await open(page, mock, '#/tokens')
      await page.getByLabel('Name').fill('one')
      await page.getByRole('button', { name: 'Make the token' }).click()
      await expect(page.getByRole('region', { name: /^The token/ })).toBeVisible()
      await accessible(page)
      await page.getByRole('button', { name: /^Revoke/ }).first().click()
      await accessible(page, 'dialog[open]')
    })

    test('what opens over the page can be read by everybody', async ({ page, world }) => {
      await open(page, world)
      for (const key of ['?', 'Control+k']) {
        await page.keyboard.press(key)
        await expect(page.locator('dialog[open]')).toBeVisible()
        await accessible(page, 'dialog[open]')
        await page.keyboard.press('Escape')
      }
      for (const name of ['Time range', 'Save view', 'Export', 'Go to', 'Columns', 'Integrity', 'Theme and session']) {
        await page.getByRole('button', { name: new RegExp(`^${name}`) }).first().click()
        await expect(page.getByRole('dialog', { name: new RegExp(`^${name}`) })).toBeVisible()
        await accessible(page, '.menu')
        await page.keyboard.press('Escape')
      }
    })
  })
}

test('the themes can be chosen, and the choice is kept', async ({ page, world }) => {
  await open(page, world)
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const light = await ground()
  await page.getByRole('button', { name: 'Theme and session' }).click()
  await page.getByRole('button', { name: 'Dark' }).click()
  expect(await ground()).not.toBe(light)
  await page.reload()
  expect(await ground()).not.toBe(light)
})

for (const [width, height] of [
  [1024, 700],
  [720, 450],
  [360, 640],
] as const) {
  test(`nothing is cut off at ${width} by ${height}`, async ({ page, world }) => {
    await page.setViewportSize({ width, height })
    const id = await sessionOf(page, world)
    for (const hash of ['#/explore', '#/explore?entry=40', '#/sessions', `#/session/${id}`, '#/integrity', '#/sources', '#/status', '#/tokens', '#/settings', '#/help']) {
      await open(page, world, hash)
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(wide, hash).toBeLessThanOrEqual(0)
      const main = await page.evaluate(() => {
        const box = document.getElementById('main')
        return box === null ? 0 : box.scrollWidth - box.clientWidth
      })
      expect(main, hash).toBeLessThanOrEqual(0)
    }
  })
}

test('on a telephone, the arrows of a session stand beside its steps, and entries say what they are', async ({ page, world }) => {
  await page.setViewportSize({ width: 400, height: 800 })
  await open(page, world, `#/session/${await sessionOf(page, world)}`)
  const middle = async (name: string) => {
    const box = await page.getByRole('button', { name, exact: true }).boundingBox()
    return (box?.y ?? 0) + (box?.height ?? 0) / 2
  }
  const count = await page.locator('.stepper .num').boundingBox()
  const at = (count?.y ?? 0) + (count?.height ?? 0) / 2
  for (const name of ['Previous step ([)', 'Next step (])']) expect(Math.abs((await middle(name)) - at)).toBeLessThan(6)
  await open(page, world)
  const second = rows(page).first().locator('.second')
  await expect(second).toBeInViewport({ ratio: 1 })
})

test('an entry is told in one sentence, with its layers and its chain', async ({ page, world }) => {
  const answer = await page.request.get(`${world.address}/v1/entries?q=event_name:tool.call+phase:post+outcome:failure&limit=1`)
  const { entries } = (await answer.json()) as { entries: { seq: number }[] }
  await open(page, world, `#/explore?entry=${entries[0]?.seq}`)
  await expect(panel(page).locator('.sentence')).toContainText(/ran .+; it failed with exit code 2 after/)
  await expect(panel(page).getByText('Cause chain')).toBeVisible()
  await expect(panel(page).locator('li.now')).toContainText('After')
  await expect(panel(page).getByText('says error')).toBeVisible()
})

test('changes are shown as a diff', async ({ page, world }) => {
  await open(page, world, '#/explore?q=has:changes')
  await rows(page).first().click()
  await expect(panel(page).locator('pre.before').first()).toContainText('before:')
  await expect(panel(page).locator('pre.after').first()).toContainText('after:')
})

test('the raw bytes are the stored ones, to the last', async ({ page, world, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await open(page, world, '#/explore?entry=40&tab=raw')
  const stored = await (await page.request.get(`${world.address}/v1/entries/40`)).text()
  await panel(page).getByRole('button', { name: 'Copy', exact: true }).click()
  await expect(page.getByText(/^Copied the/)).toBeVisible()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(stored)
})

test('the status says how far the log is', async ({ page, world }) => {
  await open(page, world, '#/status')
  const status = (await (await page.request.get(`${world.address}/v1/status`)).json()) as { watermarks: { durable: number }; origin: string }
  await expect(page.getByText('on disk and synced')).toBeVisible()
  await expect(page.getByRole('main')).toContainText(status.origin)
})

test('the integrity page says what is not proved, whatever was checked', async ({ page, world }) => {
  await open(page, world, '#/integrity')
  await expect(page.getByText('Not proved by that').first()).toBeVisible()
  await expect(page.getByText('that this page is honest').first()).toBeVisible()
  await page.getByRole('button', { name: 'Verify', exact: true }).click()
  await expect(page.locator('.result')).toBeVisible()
})
