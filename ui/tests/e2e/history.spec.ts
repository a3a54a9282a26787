/** The history of checkpoints that the server lists, and what the browser finds in it. */
import { expect, open, test } from './world.ts'

const section = 'Checkpoints over time'

test('the history is shown and checked', async ({ page, world }) => {
  await open(page, world, '#/integrity')
  const part = page.getByRole('region', { name: section })
  const list = (await (await page.request.get(`${world.address}/v1/checkpoints?limit=100`)).json()) as { checkpoints: { size: number }[] }
  test.skip(list.checkpoints === undefined, 'the binary is older than the route')
  await expect(part.getByRole('img', { name: /^Entries that checkpoints cover, over time/ })).toBeVisible()
  await part.getByRole('button', { name: /^Check th/ }).click()
  await expect(part.locator('.result.good')).toContainText('signed by the pinned key, and continued by the newest')
  await expect(part.locator('.word .bad')).toHaveCount(0)
  await expect(part.locator('.word .good').first()).toContainText('signed, continued')
})

test('older checkpoints are read when they are wanted, and a note is shown whole', async ({ page, mock }) => {
  for (let more = 0; more < 120; more += 1) await mock.record({ category: 'api', action: `more ${more}`, outcome: 'success' })
  await open(page, mock, '#/integrity')
  const part = page.getByRole('region', { name: section })
  await expect(part.locator('tbody tr')).toHaveCount(100)
  await part.getByRole('button', { name: 'Older checkpoints' }).click()
  await expect(part.locator('tbody tr')).toHaveCount(mock.api.log.history.length)
  await expect(part.getByRole('button', { name: 'Older checkpoints' })).toHaveCount(0)
  await part.getByRole('button', { name: /^Note of the checkpoint over/ }).first().click()
  await expect(part.locator('pre')).toContainText(`— ${mock.api.log.origin} `)
})

test('a forged note is shown as such, and the badge turns', async ({ page, mock }) => {
  const { log } = mock.api
  const honest = log.checkpoint.bind(log)
  const [first = 0, second = 0] = log.history.slice(3, 5)
  // The note of one size, put in another's place with its size changed.
  log.checkpoint = (size?: number) => (size === second ? honest(first).replace(`\n${first}\n`, `\n${second}\n`) : honest(size))
  await open(page, mock, '#/integrity')
  const part = page.getByRole('region', { name: section })
  await part.getByRole('button', { name: /^Check th/ }).click()
  await expect(part.locator('.result.bad')).toContainText('1 checkpoint is not what was signed')
  await expect(part.locator('.word .bad')).toHaveCount(1)
  await expect(part.locator('tr.bad')).toContainText('Tampered')
  await expect(page.getByRole('button', { name: /^Integrity: Tampered/ })).toBeVisible()
})

test('a signed checkpoint of another history is evidence, with both notes', async ({ page, mock }) => {
  const { log } = mock.api
  const root = log.root.bind(log)
  const size = log.history[4] ?? 0
  // The key signs another root for that size, and the list tells it: two histories.
  log.root = (of: number) => (of === size ? Buffer.alloc(32, 9) : root(of))
  await open(page, mock, '#/integrity')
  await page.getByRole('region', { name: section }).getByRole('button', { name: /^Check th/ }).click()
  await expect(page.getByRole('heading', { name: 'Evidence' })).toBeVisible()
  await expect(page.locator('.evidence pre')).toHaveCount(2)
  await expect(page.locator('.evidence pre').first()).toContainText(Buffer.alloc(32, 9).toString('base64'))
})

test('a root that differs from the one that this browser saw is named without a check', async ({ page, mock }) => {
  await open(page, mock, '#/integrity')
  await expect(page.getByRole('button', { name: /^Integrity: Verified/ })).toBeVisible()
  await page.evaluate(() => {
    const seen = JSON.parse(localStorage.getItem('bulla.checkpoints') ?? '[]') as { root: string }[]
    localStorage.setItem('bulla.checkpoints', JSON.stringify(seen.map((one) => ({ ...one, root: 'another root' }))))
  })
  await page.reload()
  await expect(page.getByRole('region', { name: section }).locator('tr.bad').first()).toContainText('this browser saw the root another root at this size')
})
