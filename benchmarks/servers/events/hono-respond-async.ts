/** The same on Hono with this library; `<url>`: over Redis or Postgres, and without a sweep, so that all it asks of the store is for who watches. */
import { createAdaptorServer } from '@hono/node-server'
import { createJobs, type JobStore, memoryStore } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { postgresStore } from '@respond-async/store-postgres'
import { redisStore } from '@respond-async/store-redis'
import { Hono } from 'hono'
import { Redis } from 'ioredis'
import pg from 'pg'
import { listen } from '../listen.ts'
import { beginAll, pacedWork } from './paced.ts'

function storeAt(url: string | undefined): JobStore {
  if (url === undefined) return memoryStore()
  if (url.startsWith('redis:')) return redisStore({ client: new Redis(url) })
  return postgresStore({ client: new pg.Pool({ connectionString: url }), watch: () => new pg.Client(url) })
}

const [, , url] = process.argv
const jobs = createJobs({ store: storeAt(url), ...(url !== undefined && { sweepMs: 0 }) })
const app = new Hono()

app.post(
  '/watched',
  respondAsync(jobs, 'watched', async (c) =>
    c.json(await pacedWork((percentComplete, message) => c.get('job').progress(percentComplete, message))),
  ),
)
app.post('/begin', (c) => {
  beginAll()
  return c.body(null, 204)
})
app.route('/jobs', jobRoutes(jobs))

listen(createAdaptorServer(app))
