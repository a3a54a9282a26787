/** The built viewer and the mock API on one port, with the headers that the real server sends. */
import { createServer, type Server } from 'node:http'
import { readFile } from 'node:fs/promises'
import { extname, join, normalize } from 'node:path'
import type { AddressInfo } from 'node:net'
import type { MockApi } from './api.ts'

export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }

export interface Served {
  address: string
  server: Server
  close: () => Promise<void>
}

export async function serve(api: MockApi, dist: string, port = 0): Promise<Served> {
  const server = createServer((request, response) => {
    void (async () => {
      if (await api.answer(request, response)) return
      const path = normalize(new URL(request.url ?? '/', 'http://mock').pathname)
      const file = join(dist, path === '/' ? 'index.html' : path)
      try {
        const body = await readFile(file)
        const type = TYPES[extname(file)] ?? 'application/octet-stream'
        response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }).end(body)
      } catch {
        response.writeHead(404).end('there is no such file')
      }
    })()
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const { port: bound } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  return { address: `http://127.0.0.1:${bound}`, server, close }
}
