/** The built viewer and the mock API on one port, with the headers that the real server sends. */
import { createServer, request as ask, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { readFile } from 'node:fs/promises'
import { extname, join, normalize } from 'node:path'
import type { AddressInfo } from 'node:net'
import { isApi } from './api.ts'

export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }

export interface Served {
  address: string
  server: Server
  close: () => Promise<void>
}

/** What answers the API's paths: the mock, or a real server that is passed on to. */
type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>

/** Passes the API's paths on to a server, as if the page had come from there. */
export const passOn =
  (target: string): Answer =>
  (incoming, response) => {
    const url = new URL(incoming.url ?? '/', target)
    if (!isApi(url.pathname)) return Promise.resolve(false)
    const headers: Record<string, string | string[] | undefined> = { ...incoming.headers, host: url.host }
    if (headers.origin !== undefined) headers.origin = url.origin
    const outgoing = ask(url, { method: incoming.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      // An answer that goes on for long begins before its first word.
      response.flushHeaders()
      answer.pipe(response)
    })
    outgoing.on('error', () => response.destroy())
    response.on('close', () => outgoing.destroy())
    incoming.pipe(outgoing)
    return Promise.resolve(true)
  }

export async function serve(answer: Answer, dist: string, port = 0): Promise<Served> {
  const server = createServer((request, response) => {
    void (async () => {
      if (await answer(request, response)) return
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
