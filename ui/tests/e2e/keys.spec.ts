import { expect, open, panel, param, query, rows, sessionOf, test } from './world.ts'

test.beforeEach(async ({ page, world, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await open(page, world)
})

const active = '.row.body.active'

test('/ goes to the query box, from other pages too, and Esc leaves it', async ({ page, world }) => {
  await page.keyboard.press('/')
  await expect(query(page)).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(query(page)).not.toBeFocused()
  await open(page, world, '#/status')
  await page.keyboard.press('/')
  await expect(query(page)).toBeFocused()
})

test('? shows every key', async ({ page }) => {
  await page.keyboard.press('?')
  const dialog = page.getByRole('dialog', { name: 'Keys' })
  for (const key of ['/', '?', 'Ctrl+K', 'Esc', 'u', 'y', 'v', 'j', 'k', 'Enter', 'x', 'g', 't', 'l', 'e', '[', ']']) {
    await expect(dialog.locator('kbd').getByText(key, { exact: true })).toBeVisible()
  }
  await page.keyboard.press('Escape')
  await expect(dialog).toHaveCount(0)
})

test('j and k go through the list, Enter opens, Esc closes', async ({ page }) => {
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await expect(page.locator(active)).toHaveAttribute('id', 'row-1')
  await page.keyboard.press('k')
  await expect(page.locator(active)).toHaveAttribute('id', 'row-0')
  await page.keyboard.press('Enter')
  await expect(panel(page)).toBeVisible()
  const first = param(page, 'entry')
  await page.keyboard.press('j')
  await expect.poll(() => param(page, 'entry')).not.toBe(first)
  await page.keyboard.press('Escape')
  await expect(panel(page)).toHaveCount(0)
  for (let step = 0; step < 60; step += 1) await page.keyboard.press('j')
  await expect(page.locator(active)).toBeInViewport()
})

test('x selects, v verifies what is selected', async ({ page }) => {
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await expect(page.getByText('2 entries selected')).toBeVisible()
  await page.keyboard.press('v')
  await expect(page.locator('.notices')).toContainText(/^2 /)
  await page.keyboard.press('Escape')
  await expect(page.getByText('2 entries selected')).toHaveCount(0)
})

test('v on another page looks at the newest checkpoint', async ({ page, world }) => {
  await open(page, world, '#/status')
  await page.keyboard.press('v')
  await expect(page.locator('.notices')).toContainText('Newest checkpoint')
})

test('t opens the time range, e the export', async ({ page }) => {
  await page.keyboard.press('t')
  await expect(page.getByRole('dialog', { name: /^Time range/ })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await page.getByRole('grid').focus()
  await page.keyboard.press('e')
  await expect(page.getByRole('dialog', { name: 'Export' })).toBeVisible()
})

test('u turns times to the reader’s zone and back', async ({ page }) => {
  const time = rows(page).first().locator('.time')
  const utc = await time.textContent()
  await page.keyboard.press('u')
  await expect(time).not.toHaveText(utc ?? '')
  await expect(page.getByRole('columnheader', { name: /^Time UTC\+0[12]:00/ })).toBeVisible()
  await page.keyboard.press('u')
  await expect(time).toHaveText(utc ?? '')
})

test('l goes live and back', async ({ page }) => {
  await page.keyboard.press('l')
  await expect(page.getByRole('button', { name: 'Live' })).toHaveAttribute('aria-pressed', 'true')
  expect(param(page, 'live')).toBe('1')
  await page.keyboard.press('l')
  await expect(page.getByRole('button', { name: 'Live' })).toHaveAttribute('aria-pressed', 'false')
})

test('y copies a link that leads back here', async ({ page }) => {
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.keyboard.press('y')
  await expect(page.getByText('Copied a link')).toBeVisible()
  const link = await page.evaluate(() => navigator.clipboard.readText())
  expect(link).toBe(page.url())
})

test('Ctrl+K opens and closes the palette', async ({ page }) => {
  await page.keyboard.press('Control+k')
  await expect(page.getByRole('dialog', { name: 'Palette' })).toBeVisible()
  await page.keyboard.press('Control+k')
  await expect(page.getByRole('dialog', { name: 'Palette' })).toHaveCount(0)
})

test('keys do nothing while somebody types', async ({ page }) => {
  await query(page).click()
  await page.keyboard.type('jlxtu?')
  await expect(query(page)).toHaveValue('jlxtu?')
  expect(param(page, 'live')).toBeNull()
  await expect(page.locator(active)).toHaveCount(0)
})

test('[ and ] go through the steps of a session', async ({ page, world }) => {
  await open(page, world, `#/session/${await sessionOf(page, world)}`)
  await page.keyboard.press(']')
  await expect(page.getByText(/^step 1 of/)).toBeVisible()
  await page.keyboard.press(']')
  await page.keyboard.press(']')
  await expect(page.getByText(/^step 3 of/)).toBeVisible()
  await page.keyboard.press('[')
  await expect(page.getByText(/^step 2 of/)).toBeVisible()
  await expect(panel(page)).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(panel(page)).toHaveCount(0)
})

test('everything on the page is reached with Tab', async ({ page }) => {
  const reached = new Set<string>()
  for (let step = 0; step < 140; step += 1) {
    await page.keyboard.press('Tab')
    reached.add(await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim() ?? ''))
    if (reached.has('Entries')) break
  }
  for (const name of ['Query', 'Live', 'Export', 'Entries', 'Zoom in']) expect([...reached], name).toContain(name)
})

test('the arrows go through the values of a facet, which is one stop of Tab', async ({ page }) => {
  const facets = page.getByRole('complementary', { name: 'Facets' })
  await facets.getByRole('button', { name: 'Outcome', exact: true }).focus()
  await page.keyboard.press('Tab')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Enter')
  await expect(query(page)).toHaveValue(/^-outcome:/)
  await facets.getByRole('button', { name: 'Outcome', exact: true }).focus()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await expect(facets.getByRole('button', { name: 'Category', exact: true })).toBeFocused()
})
