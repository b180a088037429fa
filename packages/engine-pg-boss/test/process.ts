/** A Hono application as a web process and as a worker process: both are this module. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { serve as listen } from '@hono/node-server'
import { createJobs } from '@respond-async/core'
import { pgBossEngine } from '@respond-async/engine-pg-boss'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { sqliteStore } from '@respond-async/store-sqlite'
import { Hono } from 'hono'
import { PgBoss } from 'pg-boss'
import { serve } from '../../../tests/engines/serve'
import { AGAIN, FLAKY, GATE, jobsOptions, LATER, note, passGate, sha256, unwatched } from '../../../tests/engines/work'

const { DIR = '', DATABASE_URL = '', QUEUE = '' } = process.env
const boss = new PgBoss({ connectionString: DATABASE_URL, max: 4, useListenNotify: true, connectionTimeoutMillis: 2_000 })
const jobs = createJobs({
  ...jobsOptions,
  // In a file, so that the jobs are there while pg-boss has no database.
  store: unwatched(sqliteStore({ path: join(DIR, 'jobs.sqlite') })),
  engine: pgBossEngine({ boss, queue: QUEUE, concurrency: 2, pollingIntervalSeconds: 0.5, onError: () => {} }),
  onError: () => {},
})
const app = new Hono()

app.post(
  '/echo/:section',
  respondAsync(jobs, 'echo', async (c) => {
    const { title, file } = c.req.header('content-type') ? await c.req.parseBody() : {}
    const bytes = file instanceof File ? new Uint8Array(await file.arrayBuffer()) : new Uint8Array()
    const name = file instanceof File ? file.name : undefined
    const section = c.req.param('section') ?? ''
    const answer = { pid: process.pid, section, tag: c.req.queries('tag'), title, name, size: bytes.length, sha256: sha256(bytes) }
    return c.json(answer, 201, { 'x-section': encodeURIComponent(section) })
  }),
)
for (const options of [GATE, AGAIN])
  app.post(
    `/${options.operation}/:name`,
    respondAsync(jobs, options, async (c) => c.json(await passGate(c.get('job'), c.req.param('name') ?? ''))),
  )
app.post(
  '/later',
  respondAsync(jobs, LATER, (c) => {
    note(c.get('job'), 'start')
    return c.json({ attempt: c.get('job').attempt })
  }),
)
app.post(
  '/flaky',
  respondAsync(jobs, FLAKY, (c) => {
    note(c.get('job'), 'start')
    if (c.get('job').attempt < 3) throw new Error('not yet')
    return c.json({ attempt: c.get('job').attempt })
  }),
)
app.route('/jobs', jobRoutes(jobs))

await serve(jobs, async () => {
  const server = listen({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
})
