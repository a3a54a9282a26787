/** Payloads are read when somebody asks for them, checked in the browser, and shown as text whatever they hold. */
import { expect, open, panel, test, type MockWorld } from './world.ts'
import type { Page } from '@playwright/test'

const ATTACK = '<script>alert(1)</script><img src=x onerror=alert(1)>\u202egpj.exe\u0000\u001b[31m\u200b\n'

/** Records an entry with this payload, and opens it. */
async function openPayload(page: Page, mock: MockWorld, name: string, mediaType: string, content: Buffer): Promise<{ seq: number; ref: string }> {
  const payload = mock.api.log.store(name, mediaType, content)
  await mock.record({ category: 'tool_execution', action: 'tool:bash', outcome: 'success', principal: 'alice', payloads: [payload] })
  const seq = mock.api.log.size - 1
  await open(page, mock, `#/explore?entry=${seq}`)
  return { seq, ref: String(payload.ref) }
}

const read = (page: Page) => panel(page).getByRole('button', { name: 'Read', exact: true })
const content = (page: Page) => panel(page).getByRole('region', { name: /^Content of the payload/ })

test('a payload is read on request, and matches the digest in the entry', async ({ page, mock }) => {
  await openPayload(page, mock, '/detail/output', 'text/plain; charset=utf-8', Buffer.from('first line\nsecond line\n'))
  expect(mock.api.asked.some((path) => path.includes('/payloads/'))).toBe(false)
  await read(page).click()
  await expect(panel(page).getByText('Matches the digest in the entry.')).toBeVisible()
  await expect(panel(page).getByText('The entry itself is verified.')).toBeVisible()
  await expect(content(page)).toHaveText('first line\nsecond line\n', { useInnerText: false })
  const saving = page.waitForEvent('download')
  await panel(page).getByRole('button', { name: 'Save the content' }).click()
  expect((await saving).suggestedFilename()).toMatch(/^entry-\d+-payload-0\.txt$/)
})

test('a payload that was changed is not what was recorded', async ({ page, mock }) => {
  const { ref } = await openPayload(page, mock, '/detail/output', 'text/plain', Buffer.from('paid 10 to alice'))
  const stored = mock.api.log.payloads.get(ref)
  mock.api.log.payloads.set(ref, { salt: stored?.salt ?? Buffer.alloc(32), content: Buffer.from('paid 99 to alice') })
  await read(page).click()
  await expect(panel(page).getByText('Is not what was recorded.')).toBeVisible()
  await expect(panel(page).getByText('Matches the digest in the entry.')).toHaveCount(0)
})

test('a payload that was erased or is missing is said so', async ({ page, mock }) => {
  const { seq, ref } = await openPayload(page, mock, '/detail/output', 'text/plain', Buffer.from('personal'))
  mock.api.log.payloads.delete(ref)
  await read(page).click()
  await expect(panel(page).getByText('Missing.')).toBeVisible()
  await mock.record({ category: 'audit', action: 'payload.erased', event_name: 'payload.erased', outcome: 'success', principal: 'bulla', detail: { ref } })
  await page.reload()
  await read(page).click()
  await expect(panel(page).getByText('Erased, proof intact.')).toBeVisible()
  await panel(page).getByRole('link', { name: 'an entry of the log says so' }).click()
  await expect(page.getByRole('grid', { name: 'Entries' })).toContainText('payload.erased')
  expect(seq).toBeGreaterThan(0)
})

test('JSON comes on lines, and binary content is only offered for saving', async ({ page, mock }) => {
  await openPayload(page, mock, 'body', 'application/json', Buffer.from('{"id":12345678901234567890,"tags":["a"]}'))
  await read(page).click()
  await expect(content(page)).toContainText('"id": 12345678901234567890,')
  await panel(page).getByRole('button', { name: 'On lines' }).click()
  await expect(content(page)).toHaveText('{"id":12345678901234567890,"tags":["a"]}')
  await openPayload(page, mock, 'shot', 'image/png', Buffer.from([0x89, 0x50, 0x4e, 0x47]))
  await read(page).click()
  await expect(panel(page).getByText('It is not said to be text, so it is not shown.')).toBeVisible()
  await expect(content(page)).toHaveCount(0)
  await expect(panel(page).getByRole('button', { name: 'Save the content' })).toBeVisible()
})

test('a long payload is shown in part, with its size', async ({ page, mock }) => {
  await openPayload(page, mock, 'log', 'text/plain', Buffer.from('0123456789abcde\n'.repeat(8192)))
  await read(page).click()
  await expect(panel(page).getByText('The first 64 KiB of 128 KiB.')).toBeVisible()
  await panel(page).getByRole('button', { name: /^Show up to/ }).click()
  await expect(panel(page).getByText(/^The first/)).toHaveCount(0)
})

test('nothing that a payload holds, or is called, runs', async ({ page, mock }) => {
  for (const type of ['text/html', 'image/svg+xml', 'application/json', ATTACK]) {
    await openPayload(page, mock, ATTACK, type, Buffer.from(ATTACK))
    await read(page).click()
    await expect(panel(page).getByText('Matches the digest in the entry.')).toBeVisible()
    if (type === ATTACK) continue
    await expect(content(page)).toContainText('<script>alert(1)</script><img src=x onerror=alert(1)>⟨U+202E⟩gpj.exe␀␛[31m⟨U+200B⟩')
  }
  expect(await page.locator('main script, main iframe, main [onerror]').count()).toBe(0)
})
