import { setTimeout } from 'node:timers/promises'
import { createJobs } from '@respond-async/core'
import { pgBossEngine } from '@respond-async/engine-pg-boss'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { postgresStore } from '@respond-async/store-postgres'
import { Hono } from 'hono'
import { validator } from 'hono/validator'
import pg from 'pg'
import { PgBoss } from 'pg-boss'

/** The whole application, shared by web.ts and worker.ts. Importing it connects to nothing. */
const connectionString = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
export const pool = new pg.Pool({ connectionString })
pool.on('error', (error) => console.error('postgres:', error.message))
export const boss = new PgBoss({ connectionString, useListenNotify: true })
boss.on('error', (error) => console.error('pg-boss:', error.message))

export const jobs = createJobs({
  store: postgresStore({ client: pool, watch: () => new pg.Client({ connectionString }) }),
  // One database for both: a job and its message are written by one statement.
  engine: pgBossEngine({ boss, concurrency: 4, pollingIntervalSeconds: 0.5 }),
  // Short, so that you can watch the recovery from a crash. The defaults are 30 s and 15 s.
  leaseMs: 3_000,
  sweepMs: 1_000,
})
export const app = new Hono()

/** Runs before the 202: what it refuses never becomes a job. In the worker it runs again, on the stored request, so that the handler finds the same values. */
const text = validator('form', ({ text }, c) => {
  if (typeof text === 'string' && text.trim() !== '') return { text }
  return c.json({ error: 'Send the field "text".' }, 422)
})

/** Counts the words of a text, slowly: 20 ms a line. It may run again after a crash, so it must be idempotent. */
app.post(
  '/word-counts',
  respondAsync(jobs, { operation: 'word-count', retries: 2, backoffMs: 100 }, text, async (c) => {
    const job = c.get('job')
    const lines = c.req.valid('form').text.split(/\r?\n/)
    const counts = new Map<string, number>()
    for (const [at, line] of lines.entries()) {
      for (const word of line.toLowerCase().match(/\p{L}+/gu) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1)
      await setTimeout(20, undefined, { signal: job.signal }) // a cancellation ends it here
      await job.progress((100 * (at + 1)) / lines.length, `line ${at + 1} of ${lines.length}, by process ${process.pid}`)
    }
    const words = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    return c.json({ lines: lines.length, words: Object.fromEntries(words) }, 201, {
      'x-process': String(process.pid),
      'x-attempt': String(job.attempt),
    })
  }),
)
app.route('/jobs', jobRoutes(jobs))
