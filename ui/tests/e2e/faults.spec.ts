import { MockLog } from '../mock/log.ts'
import { expect, open, panel, query, rows, search, test } from './world.ts'

test('a slow server: the page is there at once and says that it waits', async ({ page, mock }) => {
  mock.api.faults.slowMs = 1500
  await page.goto(`${mock.address}/#/explore`)
  await expect(query(page)).toBeVisible()
  await expect(page.getByText('Counting…').first()).toBeVisible()
  await expect(page.getByText('Loading…').first()).toBeVisible()
  await expect(rows(page).first()).toContainText(/\d{4}-/)
})

test('an empty log says what to do', async ({ page, mock }) => {
  mock.api.log = new MockLog()
  for (const [hash, words] of [
    ['#/explore', 'The log is empty.'],
    ['#/sessions', 'No session is in the log yet.'],
    ['#/sources', 'Nothing came from elsewhere yet.'],
    ['#/integrity', 'The log says of no gap.'],
  ] as const) {
    await page.goto(`${mock.address}/${hash}`)
    await expect(page.getByText(words)).toBeVisible()
  }
})

test('a query without a match says so, and offers the way out', async ({ page, mock }) => {
  await open(page, mock, '#/explore?q=principal:nobody&from=1h')
  await expect(page.getByText('No entry matches.')).toBeVisible()
  await page.getByRole('button', { name: 'Show every entry of all time' }).click()
  await expect(rows(page).first()).toBeVisible()
})

test('one part that fails leaves the others', async ({ page, mock }) => {
  mock.api.faults.broken = ['/v1/histogram', '/v1/facets']
  await page.goto(`${mock.address}/#/explore`)
  await expect(rows(page).first()).toBeVisible()
  await expect(page.getByText('The histogram could not be read')).toBeVisible()
  await expect(page.getByText('The counts could not be read')).toBeVisible()
  mock.api.faults.broken = []
  await page.getByRole('region', { name: 'Histogram' }).getByRole('button', { name: 'Try again' }).click()
  await expect(page.locator('.u-over')).toBeVisible()
})

test('a list that fails is tried again', async ({ page, mock }) => {
  mock.api.faults.broken = ['/v1/entries']
  await page.goto(`${mock.address}/#/explore`)
  await expect(page.getByText('The entries could not be read')).toBeVisible()
  await expect(page.getByText('input/output error').first()).toBeVisible()
  mock.api.faults.broken = []
  await page.locator('.foot').getByRole('button', { name: 'Try again' }).click()
  await expect(rows(page).first()).toBeVisible()
})

test('a session that ends asks for a login and goes on where it was', async ({ page, mock }) => {
  await open(page, mock, '#/explore?q=outcome:denied')
  mock.api.faults.isLoggedOut = true
  // By the address: the dialog may come at any moment now, and would take the keys.
  await page.goto(`${mock.address}/#/explore?q=outcome:failure`)
  const dialog = page.getByRole('dialog', { name: 'Log in' })
  await expect(dialog).toBeVisible()
  await dialog.getByLabel(/^Token/).fill('wrong')
  await dialog.getByRole('button', { name: 'Log in' }).click()
  await expect(dialog.getByRole('alert')).toContainText('unknown, expired or revoked')
  await dialog.getByLabel(/^Token/).fill(mock.api.token)
  await dialog.getByRole('button', { name: 'Log in' }).click()
  await expect(dialog).toHaveCount(0)
  await expect(query(page)).toHaveValue('outcome:failure')
  await expect(rows(page).first()).toContainText('failure')
})

test('a pasted login link works like a token', async ({ page, mock }) => {
  mock.api.faults.isLoggedOut = true
  await page.goto(`${mock.address}/#/explore`)
  const dialog = page.getByRole('dialog', { name: 'Log in' })
  await dialog.getByLabel(/^Token/).fill(`${mock.address}/login?code=mock-code`)
  await dialog.getByRole('button', { name: 'Log in' }).click()
  await expect(rows(page).first()).toBeVisible()
})

test('logging out asks for a login', async ({ page, mock }) => {
  await open(page, mock)
  await page.getByRole('button', { name: 'Theme and session' }).click()
  await page.getByRole('button', { name: 'Log out' }).click()
  await expect(page.getByRole('dialog', { name: 'Log in' })).toBeVisible()
})

test('a server that goes away is said so, keeps what was read, and is found again', async ({ page, mock }) => {
  await open(page, mock)
  const first = await rows(page).first().textContent()
  await mock.stop()
  await search(page, 'outcome:denied')
  await expect(page.getByText('The server does not answer.')).toBeVisible()
  await mock.start()
  await page.getByRole('button', { name: 'Ask now' }).click()
  await expect(page.getByText('The server does not answer.')).toHaveCount(0)
  await expect(rows(page).first()).toContainText('denied')
  await page.goBack()
  await expect(rows(page).first()).toHaveText(first ?? '')
})

test('a search over a long stretch without a match says how far it is, stops and goes on', async ({ page, mock }) => {
  mock.api.faults = { ...mock.api.faults, emptyPages: 5, slowMs: 400 }
  await page.goto(`${mock.address}/#/explore?q=outcome:denied`)
  await expect(page.getByText(/Searching: [\d,]+ of [\d,]+ entries looked at/)).toBeVisible()
  await page.getByRole('button', { name: 'Stop' }).click()
  await expect(page.getByText(/^Stopped after/)).toBeVisible()
  mock.api.faults.slowMs = 0
  await page.getByRole('button', { name: 'Go on' }).click()
  await expect(rows(page).first()).toContainText('denied')
})

test('an estimate is called one', async ({ page, mock }) => {
  mock.api.faults.estimate = 10_000
  await open(page, mock)
  await expect(page.locator('div.count')).toContainText(/about [\d,]+,000 entries · estimated/)
})

test('an entry that cannot be read leaves the list', async ({ page, mock }) => {
  await open(page, mock)
  mock.api.faults.broken = ['/v1/entries/']
  await rows(page).first().click()
  await expect(panel(page).getByRole('alert')).toContainText('The entry could not be read')
  await expect(rows(page).first()).toBeVisible()
})
