/** Attackers write log content: whatever it is, it is text. The world's guard fails each test in which anything runs. */
import { expect, open, panel, rows, test } from './world.ts'

const ATTACKS = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"><svg onload=alert(1)>',
  "'-alert(1)-'",
  'javascript:alert(1)',
  '{{constructor.constructor("alert(1)")()}}',
  '${alert(1)}',
  '<style>*{display:none}</style><link rel=stylesheet href=//evil.example/x.css>',
  '<iframe srcdoc="<script>parent.alert(1)</script>"></iframe>',
  '<a href="//evil.example">x</a>',
  '\u202egpj.exe\u0000\u001b[31m\u2028',
]

/** An entry with the attack in every field that an emitter can write. */
function entryOf(attack: string, number: number): Record<string, unknown> {
  const uri = `https://evil.example/${attack}`
  return {
    id: `${number}${attack}`,
    category: `custom_${number}`,
    action: attack,
    principal: attack,
    outcome: 'failure',
    event_name: attack,
    session_id: `hostile ${attack}`,
    correlation_id: attack,
    cause_id: attack,
    phase: 'post',
    actor: { type: 'agent', id: attack, name: attack, on_behalf_of: [attack], agent: { name: attack }, credential: { type: attack, id: attack } },
    targets: [{ type: attack, id: attack, name: attack, uri }],
    request: { id: attack, method: attack, route: attack, path: uri, client_ip: attack, user_agent: attack },
    trace: { trace_id: attack, span_id: attack },
    tool: { name: attack, call_id: attack, kind: attack, server: attack, method: attack, transport_status: attack, rpc_error: attack, is_error: true },
    model: { provider: attack, request: attack, response: attack },
    reason: { code: attack, message: attack, policy_id: attack, rule: attack, approver: attack },
    changes: [{ path: attack, op: attack, before: attack, after: { [attack]: attack } }],
    detail: { [attack]: attack, input: { command: attack }, exit_code: attack },
    labels: { label: attack },
  }
}

test('nothing that an entry holds runs, or is fetched, anywhere', async ({ page, world }) => {
  test.slow()
  for (const [number, attack] of ATTACKS.entries()) await world.record(entryOf(attack, number))
  const found = await (await page.request.get(`${world.address}/v1/entries?q=category:custom_*&limit=50`)).json()
  const { entries } = found as { entries: { seq: number; session_id: string }[] }
  expect(entries).toHaveLength(ATTACKS.length)

  await open(page, world, '#/explore?q=category:custom_*')
  await page.getByRole('button', { name: 'Columns' }).click()
  for (const column of ['Event', 'Actor', 'Session', 'Category']) await page.getByRole('checkbox', { name: column }).check()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Condensed' }).click()
  await expect(rows(page)).toHaveCount(ATTACKS.length)

  for (const { seq, session_id } of entries) {
    for (const tab of ['', 'fields', 'proof', 'raw', 'near']) {
      await page.goto(`${world.address}/#/explore?q=category:custom_*&entry=${seq}&tab=${tab}`)
      await expect(panel(page).getByRole('heading', { name: `Entry ${seq}` })).toBeVisible()
      await expect(panel(page).getByRole('tabpanel')).not.toBeEmpty()
    }
    for (const view of ['tree', 'timeline', 'log']) {
      await page.goto(`${world.address}/#/session/${encodeURIComponent(session_id)}?view=${view}`)
      await expect(page.locator('.step').first()).toBeVisible()
    }
  }
  for (const hash of ['#/sessions', '#/sources', '#/integrity']) await open(page, world, hash)

  // What was markup in an entry is none on the page.
  await open(page, world, '#/explore?q=category:custom_*')
  expect(await page.locator('main script, main iframe, main style, main link, main [onerror], main [onload]').count()).toBe(0)
  const links = await page.locator('a').evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).href))
  expect(links.filter((link) => !link.startsWith(world.address))).toEqual([])
})

test('a value with an attack is filtered by as a value', async ({ page, world }) => {
  await world.record(entryOf('<img src=x onerror=alert(1)>', 900))
  await open(page, world, '#/explore?q=category:custom_900')
  await rows(page).first().click()
  await panel(page).getByRole('button', { name: /^Only principal/ }).click()
  await expect(page.getByRole('list', { name: 'Terms of the query' })).toContainText('principal:"<img src=x onerror=alert(1)>"')
  await expect(rows(page).first()).toBeVisible()
})

test('signs that turn or hide text are shown as signs', async ({ page, world }) => {
  await world.record({ id: `bidi-${Date.now()}`, category: 'custom_901', action: 'run \u202egpj.exe\u200b', principal: 'a\u0000b', outcome: 'success' })
  await open(page, world, '#/explore?q=category:custom_901')
  await expect(rows(page).first()).toContainText('run ⟨U+202E⟩gpj.exe⟨U+200B⟩')
  await expect(rows(page).first()).toContainText('a␀b')
})

test('an attack in the address is a query like any other', async ({ page, world }) => {
  const attack = '"><img src=x onerror=alert(1)>'
  await page.goto(`${world.address}/#/explore?q=${encodeURIComponent(attack)}&from=${encodeURIComponent(attack)}&entry=${encodeURIComponent(attack)}`)
  await expect(page.getByRole('combobox', { name: 'Query' })).toHaveValue(attack)
  await page.goto(`${world.address}/#/session/${encodeURIComponent(attack)}`)
  await expect(page.getByRole('alert').filter({ hasText: /\w/ }).first()).toBeVisible()
})
