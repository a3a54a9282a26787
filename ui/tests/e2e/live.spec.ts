import { expect, open, rows, test } from './world.ts'

const event = (number: number) => ({ id: `live-${Date.now()}-${number}`, category: 'api', action: `live entry ${number}`, principal: 'alice@example.org', outcome: 'success' })

test('new entries come on top while the top is in view', async ({ page, world }) => {
  await open(page, world, '#/explore?live=1&q=category:api')
  await expect(page.locator('.dot.following')).toBeVisible()
  await world.record(event(1))
  await expect(rows(page).first()).toContainText('live entry 1')
  await world.record({ ...event(2), category: 'k8s' })
  await world.record(event(3))
  await expect(rows(page).first()).toContainText('live entry 3')
  await expect(rows(page).nth(1)).toContainText('live entry 1')
})

test('the list keeps its place when it is scrolled, and says how many are new', async ({ page, world }) => {
  await open(page, world, '#/explore?live=1&q=category:api')
  await expect(page.locator('.dot.following')).toBeVisible()
  const grid = page.locator('.view')
  await grid.evaluate((view) => view.scrollTo(0, 1400))
  await expect(page.locator('#row-0')).toHaveCount(0)
  const inView = async () => (await rows(page).allTextContents()).join('\n')
  const before = await inView()
  for (let number = 1; number <= 3; number += 1) await world.record(event(number))
  await expect(page.getByRole('button', { name: '3 new' })).toBeVisible()
  expect(await inView()).toBe(before)
  await page.getByRole('button', { name: '3 new' }).click()
  await expect(rows(page).first()).toContainText('live entry 3')
})

test('a flood neither freezes the page nor fills its memory', async ({ page, mock }) => {
  await open(page, mock, '#/explore?live=1')
  await expect(page.locator('.dot.following')).toBeVisible()
  await page.locator('.view').evaluate((view) => view.scrollTo(0, 1400))
  for (let number = 0; number < 5000; number += 1) await mock.record(event(number))
  await expect(page.getByRole('button', { name: '5,000 new' })).toBeVisible()
  await page.getByRole('button', { name: '5,000 new' }).click()
  await expect(rows(page).first()).toContainText('live entry 4999')
})

test('a follower whose server went away goes on without a gap when it is back', async ({ page, mock }) => {
  await open(page, mock, '#/explore?live=1')
  await expect(page.locator('.dot.following')).toBeVisible()
  await mock.record(event(1))
  await expect(rows(page).first()).toContainText('live entry 1')
  await mock.stop()
  await mock.record(event(2))
  await mock.record(event(3))
  await mock.start()
  await expect(rows(page).first()).toContainText('live entry 3', { timeout: 20_000 })
  await expect(rows(page).nth(1)).toContainText('live entry 2')
  await expect(rows(page).nth(2)).toContainText('live entry 1')
})
