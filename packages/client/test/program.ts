/** A server that keeps its jobs in a file: `node program.mjs <file> <port>`. Its handler goes on when `<file>.go` is there. */
import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { serve } from '@hono/node-server'
import { createJobs } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { sqliteStore } from '@respond-async/store-sqlite'
import { Hono } from 'hono'

const [, , file = '', port = '0'] = process.argv
const jobs = createJobs({ store: sqliteStore({ path: file }), leaseMs: 1_000, sweepMs: 200, retryAfterMinMs: 100, retryAfterMaxMs: 1_000 })
const app = new Hono()
  .post(
    '/reports',
    respondAsync(jobs, { operation: 'report', retries: 5, backoffMs: 50 }, async (c) => {
      const job = c.get('job')
      await job.progress(job.attempt === 1 ? 30 : 60)
      while (!existsSync(`${file}.go`)) await pause(20)
      return c.json({ attempt: job.attempt })
    }),
  )
  .route('/jobs', jobRoutes(jobs))
serve({ fetch: app.fetch, port: Number(port), hostname: '127.0.0.1' }, (info) => process.send?.(info.port))
