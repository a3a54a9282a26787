import { expect, test } from 'vitest'
import type { Entry } from '../../src/api/contract.ts'
import { sentenceText, subjectText } from '../../src/entry/sentence.ts'

const check = (entry: Partial<Entry>, expected: string) => expect(sentenceText({ seq: 1, ...entry })).toBe(expected)

test('a tool call says who, through what, and how it ended', () => {
  check(
    { principal: 'alice', actor: { type: 'agent', name: 'build-fixer' }, tool: { name: 'bash' }, outcome: 'failure', detail: { exit_code: 2 }, duration_ms: 1840 },
    'alice, via agent build-fixer, ran bash; it failed with exit code 2 after 1.8 s.',
  )
})

test('who it was done for is said once', () => {
  check(
    { principal: 'alice', actor: { type: 'subagent', name: 'searcher', on_behalf_of: ['build-fixer', 'alice'] }, tool: { name: 'grep', server: 'workspace' }, outcome: 'success' },
    'alice, via subagent searcher on behalf of build-fixer, ran grep of workspace; it succeeded.',
  )
})

test('what has not happened yet is not said to have', () => {
  check({ principal: 'alice', tool: { name: 'bash' }, phase: 'pre', outcome: 'unknown' }, 'alice is about to run bash.')
})

test('a denial says why, and a request its status', () => {
  check(
    { principal: null, actor: { type: 'anonymous' }, event_name: 'auth.login', outcome: 'denied', reason: { code: 'bad_password', message: 'the password is not right' } },
    'Somebody who was not logged in wanted to log in; it was denied: the password is not right.',
  )
  check({ principal: 'bob', request: { method: 'GET', route: '/v1/tasks', status_code: 500 }, outcome: 'failure' }, 'bob requested GET /v1/tasks; it failed with status 500.')
})

test('what was denied is not said to have been done', () => {
  check({ principal: 'dara', tool: { name: 'bash' }, outcome: 'denied', reason: { message: 'not here' } }, 'dara wanted to run bash; it was denied: not here.')
  check({ principal: 'dara', actor: { type: 'system', id: 'gate' }, event_name: 'policy.decision', tool: { name: 'bash' }, outcome: 'success' }, 'dara, via system gate, decided about running bash; it succeeded.')
})

test('what is missing is not made up', () => {
  check({}, 'Somebody did something; how it ended is not known.')
  check({ principal: 'x', actor: { type: 'user', id: 'x' }, action: 'POST /a', outcome: 'success', duration_ms: 3 }, 'x did POST /a; it succeeded after 3 ms.')
})

test('fields of the wrong type do not break the sentence', () => {
  const entry = { seq: 1, principal: 7, actor: 'me', targets: 'none', tool: { name: ['x'] }, request: null, reason: 'no', detail: [1], outcome: 4, duration_ms: 'long' } as unknown as Entry
  expect(sentenceText(entry)).toContain('how it ended is not known')
  expect(subjectText(entry)).toBe('')
})

test('a row is told apart by its target, else by what a tool was given, else by the path', () => {
  expect(subjectText({ seq: 1, targets: [{ id: 'a', name: 'web' }, { id: 'b' }] })).toBe('web and 1 more')
  expect(subjectText({ seq: 1, detail: { input: { command: ['git', 'diff'] } } })).toBe('git diff')
  expect(subjectText({ seq: 1, request: { path: '/v1/x' } })).toBe('/v1/x')
})
