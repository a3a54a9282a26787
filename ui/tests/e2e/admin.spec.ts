/** Tokens and settings: for those who may, and one line for those who may not. */
import { expect, open, test } from './world.ts'

const ATTACK = '<img src=x onerror=alert(1)>\u202e'

test('a token is made, shown once, and revoked', async ({ page, mock, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await open(page, mock, '#/tokens')
  await page.getByLabel('Name').fill('build-server')
  await page.getByLabel('Source').fill('ci')
  await page.getByRole('checkbox', { name: /^read/ }).check()
  await page.getByRole('button', { name: 'Make the token' }).click()
  const made = page.getByRole('region', { name: /^The token/ })
  await expect(made).toBeFocused()
  await expect(made).toContainText('It is shown this once.')
  await made.getByRole('button', { name: 'Copy the token' }).click()
  await expect(page.getByText('Copied the token')).toBeVisible()
  const token = await page.evaluate(() => navigator.clipboard.readText())
  expect(token).toMatch(/^bulla_made_/)
  expect(mock.api.tokens.at(-1)).toMatchObject({ name: 'build-server', source: 'ci', scopes: ['write', 'read'], is_valid: true })
  expect(mock.api.tokens.at(-1)?.expires_at).toBeDefined()
  const row = page.getByRole('row', { name: /build-server/ })
  await expect(row).toContainText('valid')

  // Nothing keeps it: not the address, not the browser's store, not the page when it is opened again.
  expect(page.url()).not.toContain('bulla_made')
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain('bulla_made')
  await page.reload()
  await expect(row).toBeVisible()
  await expect(page.locator('body')).not.toContainText('bulla_made')

  await row.getByRole('button', { name: /^Revoke/ }).click()
  const dialog = page.getByRole('dialog', { name: /^Revoke/ })
  await dialog.getByRole('button', { name: 'Keep it' }).click()
  expect(mock.api.tokens.at(-1)?.is_valid).toBe(true)
  await row.getByRole('button', { name: /^Revoke/ }).click()
  await dialog.getByRole('button', { name: 'Revoke it' }).click()
  await expect(row).toContainText('revoked')
  await expect(row.getByRole('button')).toHaveCount(0)
  expect(mock.api.tokens.at(-1)?.is_valid).toBe(false)
})

test('a token that the server refuses is said why', async ({ page, mock }) => {
  await open(page, mock, '#/tokens')
  await page.getByLabel('Name').fill('web-gateway')
  await page.getByRole('button', { name: 'Make the token' }).click()
  await expect(page.getByRole('alert').filter({ hasText: 'was not made' })).toContainText('another valid token has the name')
  await expect(page.getByLabel('Name')).toHaveValue('web-gateway')
})

test('who may not see tokens and settings gets one line', async ({ page, mock }) => {
  mock.api.faults.isNoAdmin = true
  for (const name of ['tokens', 'settings']) {
    await open(page, mock, `#/${name}`)
    await expect(page.getByText('scope admin; your login does not')).toBeVisible()
    await expect(page.getByRole('table')).toHaveCount(0)
    await expect(page.getByRole('button', { name: 'Make the token' })).toHaveCount(0)
  }
})

test('the settings are read, and none can be changed', async ({ page, mock }) => {
  await open(page, mock, '#/status')
  await page.getByRole('navigation', { name: 'Parts of Status' }).getByRole('link', { name: 'Settings' }).click()
  await expect(page.getByRole('row', { name: /queue_bytes_max/ })).toContainText('64 MiB')
  await expect(page.getByRole('row', { name: /tls_cert/ })).toContainText('not set')
  await expect(page.locator('main').locator('input, select, textarea')).toHaveCount(0)
})

test('names of tokens and values of settings are only text', async ({ page, mock }) => {
  mock.api.tokens.push({ name: ATTACK, source: ATTACK, scopes: [ATTACK as 'write'], fingerprint: 'feedf00d', created_at: ATTACK, is_valid: true })
  mock.api.settings = { [ATTACK]: ATTACK, list: [ATTACK] }
  await open(page, mock, '#/tokens')
  const row = page.getByRole('row', { name: /feedf00d/ })
  await expect(row).toContainText('<img src=x onerror=alert(1)>⟨U+202E⟩')
  await row.getByRole('button').click()
  await expect(page.getByRole('dialog')).toContainText('<img src=x onerror=alert(1)>⟨U+202E⟩')
  await page.keyboard.press('Escape')
  await open(page, mock, '#/settings')
  await expect(page.getByRole('table')).toContainText('<img src=x onerror=alert(1)>⟨U+202E⟩')
  expect(await page.locator('main img[onerror]').count()).toBe(0)
})
