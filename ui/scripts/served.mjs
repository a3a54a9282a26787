// A server of one's own for a script, with someone logged in.
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/**
 * Starts `bulla` of this build (`debug`, `release`) or the binary that BULLA_BIN names, on a free port, and logs in: a
 * code is good for one login, so its cookie is what all pages share.
 */
export async function serve(build, ...args) {
  const binary = process.env.BULLA_BIN ?? join(root, 'target', build, 'bulla')
  const server = spawn(binary, ['serve', '--json', '--listen', '127.0.0.1:0', ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const { url, login_link } = await begun(server)
  const form = new URLSearchParams({ code: new URL(login_link).searchParams.get('code') })
  const login = await fetch(`${url}/login`, { method: 'POST', redirect: 'manual', headers: { origin: url }, body: form })
  const [name, value] = login.headers.get('set-cookie').split(';')[0].split('=')
  return { url, cookie: { name, value, url }, stop: () => server.kill() }
}

/** What the server says of itself when it listens: one JSON object, which may come in pieces. */
async function begun(server) {
  let said = ''
  for await (const chunk of server.stdout) {
    said += String(chunk)
    if (/^\{[^]*\}\s*$/.test(said)) return JSON.parse(said)
  }
  throw new Error(`the server did not begin: ${said}`)
}
