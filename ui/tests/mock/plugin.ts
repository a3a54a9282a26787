/** The mock as a part of Vite's own server, for work on pages: `npm run dev -- --mode mock`. */
import type { Plugin } from 'vite'
import { MockApi } from './api.ts'
import { sampleLog } from './sample.ts'

/** 1.5 s between two entries that come by themselves, so that Live has something to show. */
const EVERY_MS = 1500

export function mockApi(): Plugin {
  return {
    name: 'bulla-mock-api',
    configureServer(server) {
      const log = sampleLog(3000, new Date())
      const api = new MockApi(log)
      setInterval(() => {
        const now = new Date()
        log.record({ id: `live-${log.size}`, timestamp: now.toISOString(), category: 'api', action: 'GET /v1/tasks', principal: 'alice@example.org', outcome: 'success', duration_ms: 12, event_name: 'http.request' }, now)
        if (log.size % 5 === 0) log.publish()
      }, EVERY_MS)
      server.middlewares.use((request, response, next) => {
        void api.answer(request, response).then((isAnswered) => {
          if (!isAnswered) next()
        })
      })
    },
  }
}
