import { setTimeout } from 'node:timers/promises'
import { createJobs } from '@respond-async/core'
import { pgBossEngine } from '@respond-async/engine-pg-boss'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { postgresStore } from '@respond-async/store-postgres'
import { Hono } from 'hono'
import { streamText } from 'hono/streaming'
import pg from 'pg'
import { PgBoss } from 'pg-boss'
import { answerTo } from './model.ts'
import { page, script } from './page.ts'

/** The whole application, shared by web.ts and worker.ts. Importing it connects to nothing. */
const connectionString = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
export const pool = new pg.Pool({ connectionString })
pool.on('error', (error) => console.error('postgres:', error.message))
export const boss = new PgBoss({ connectionString, useListenNotify: true })
boss.on('error', (error) => console.error('pg-boss:', error.message))

export const jobs = createJobs({
  store: postgresStore({ client: pool, watch: () => new pg.Client({ connectionString }) }),
  engine: pgBossEngine({ boss, concurrency: 4, pollingIntervalSeconds: 0.5 }),
})
export const app = new Hono()

/** Answers a question as a chat does, token by token. It is an ordinary streaming handler: nothing in it knows that the client may be gone. */
app.post(
  '/answers',
  respondAsync(jobs, 'answer', async (c) => {
    const question = await c.req.text()
    const { signal } = c.get('job')
    return streamText(c, async (stream) => {
      for (const token of answerTo(question, 120)) {
        await stream.write(token)
        await setTimeout(40, undefined, { signal }) // about as long as a model takes
      }
    })
  }),
)
app.route('/jobs', jobRoutes(jobs))

app.get('/', (c) => c.html(page, 200, { 'content-security-policy': "default-src 'self'; style-src 'self' 'unsafe-inline'" }))
app.get('/chat.js', (c) => c.body(script, 200, { 'content-type': 'text/javascript' }))
app.get('/favicon.ico', (c) => c.body(null, 204))
