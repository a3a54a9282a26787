// Fails when the first page's script is larger than it may be. What counts is what the page loads before anything is
// clicked: the entry script and every module it imports statically.
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** 100 KB, as the design says: about half a second on a slow line. */
const FIRST_SCRIPT_BYTES_MAX = 100_000
const dist = new URL('../dist/', import.meta.url).pathname

const html = readFileSync(join(dist, 'index.html'), 'utf8')
if (/<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=/.test(html)) {
  throw new Error('dist/index.html carries an inline script or style, which the policy of the server blocks')
}
const packed = (name) => gzipSync(readFileSync(join(dist, 'assets', name)), { level: 9 }).length
const first = new Set()
const walk = (name) => {
  if (first.has(name)) return
  first.add(name)
  const text = readFileSync(join(dist, 'assets', name), 'utf8')
  for (const [, next] of text.matchAll(/(?:^|[;\s}])import\s*(?:[^"'()]*?from\s*)?["']\.\/([^"']+\.js)["']/g)) walk(next)
}
for (const [, name] of html.matchAll(/(?:src|href)="\.\/assets\/([^"]+\.js)"/g)) walk(name)

let total = 0
for (const name of first) total += packed(name)
for (const name of readdirSync(join(dist, 'assets')).filter((name) => !/\.(gz|br)$/.test(name)).sort()) {
  const size = statSync(join(dist, 'assets', name)).size
  console.log(`${first.has(name) ? 'first' : 'later'}  ${String(size).padStart(8)}  ${String(packed(name)).padStart(7)} gz  ${name}`)
}
console.log(`first script: ${total} of ${FIRST_SCRIPT_BYTES_MAX} bytes, gzipped`)
if (first.size === 0 || total > FIRST_SCRIPT_BYTES_MAX) {
  console.error('the first script is too large, or was not found')
  process.exit(1)
}
