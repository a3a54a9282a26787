import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'
import { mockApi } from './tests/mock/plugin.ts'

/**
 * `npm run dev` speaks to the server at BULLA_URL; `npm run dev -- --mode mock` to the one in `tests/mock`.
 * The build is one page whose script, style and icon lie beside it: its policy allows nothing else.
 */
const server = process.env.BULLA_URL ?? 'http://127.0.0.1:2852'
const routes = ['/v1', '/checkpoint', '/tile', '/log.json', '/login', '/logout', '/healthz', '/readyz', '/openapi.json']

export default defineConfig(({ mode }) => ({
  base: './',
  plugins: [svelte(), ...(mode === 'mock' ? [mockApi()] : [])],
  server: { proxy: mode === 'mock' ? {} : Object.fromEntries(routes.map((route) => [route, server])) },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: 'es' as const },
  // Far more than any test takes, for machines on which others work as well.
  test: { include: ['tests/unit/**/*.test.ts', 'src/verify/**/*.test.ts'], environment: 'node', testTimeout: 120_000 },
}))
