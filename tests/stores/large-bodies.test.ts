import { createHash } from 'node:crypto'
import { serve } from '@hono/node-server'
import { createJobs, type JobStore } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { postgresStore } from '@respond-async/store-postgres'
import { redisStore } from '@respond-async/store-redis'
import { sqliteStore } from '@respond-async/store-sqlite'
import { Hono } from 'hono'
import { Redis } from 'ioredis'
import pg from 'pg'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { pattern } from '../cases/cases'
import { databaseFile } from '../database-file'
import { startPostgres } from '../postgres'
import { openRedis, withoutRedis } from '../redis'

const MB = 1024 * 1024
const bytes = pattern(50 * MB + 4_321)
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')

const STORES: Record<string, () => Promise<JobStore>> = {
  async sqlite() {
    const store = sqliteStore({ path: await databaseFile() })
    onTestFinished(() => store.close?.())
    return store
  },
  async postgres() {
    const server = await startPostgres()
    const pool = new pg.Pool({ connectionString: server.url })
    pool.on('error', () => {})
    onTestFinished(() => server.stop())
    onTestFinished(() => pool.end())
    return postgresStore({ client: pool })
  },
  async redis() {
    const server = await openRedis()
    const client = new Redis(server.url)
    onTestFinished(() => server.stop())
    onTestFinished(() => client.disconnect())
    return redisStore({ client, prefix: `large-${process.pid}` })
  },
}

/** A service whose only handler sends back what it is sent, as it comes. */
async function serviceOver(store: JobStore) {
  const jobs = createJobs({ store })
  const app = new Hono()
  const limits = { maxBodyBytes: 64 * MB, maxResultBytes: 64 * MB }
  app.post(
    '/copy',
    respondAsync(
      jobs,
      { operation: 'copy', ...limits },
      (c) => new Response(c.req.raw.body, { status: Number(c.req.header('x-answer') ?? 200) }),
    ),
  )
  app.route('/jobs', jobRoutes(jobs))
  const url = await new Promise<string>((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => resolve(`http://127.0.0.1:${port}`))
    onTestFinished(() => void server.close())
    onTestFinished(() => jobs.stop())
  })
  return { url, jobs }
}

for (const [name, open] of Object.entries(STORES))
  describe.skipIf(name === 'redis' && withoutRedis)(`50 MB through ${name}`, { timeout: 120_000 }, () => {
    it('comes in, through the handler and out again byte for byte, in chunks beside a small record', async () => {
      const store = await open()
      const { url, jobs } = await serviceOver(store)
      const accepted = await fetch(`${url}/copy`, { method: 'POST', body: bytes })
      expect(accepted.status).toBe(202)
      const at = accepted.headers.get('location') ?? ''
      const id = at.slice('/jobs/'.length)
      await vi.waitFor(async () => expect((await jobs.get(id))?.status).toBe('succeeded'), { timeout: 60_000, interval: 200 })

      const record = await store.get(id, 'full')
      expect(record).toMatchObject({ requestBody: null, responseBody: null, response: { size: bytes.length, chunkBytes: 262_144 } })
      expect(JSON.stringify(record).length).toBeLessThan(2_000)
      const result = await fetch(`${url}${at}/result`)
      expect(result.headers.get('content-length')).toBe(`${bytes.length}`)
      expect(sha256(new Uint8Array(await result.arrayBuffer()))).toBe(sha256(bytes))
      const part = await fetch(`${url}${at}/result`, { headers: { range: `bytes=${40 * MB}-${40 * MB + 99}` } })
      expect(part.status).toBe(206)
      expect(new Uint8Array(await part.arrayBuffer())).toEqual(bytes.slice(40 * MB, 40 * MB + 100))

      expect(await store.blobs?.read(id, 'request', 0)).toBeNull() // nobody needs it any more
      expect((await fetch(`${url}${at}`, { method: 'DELETE' })).status).toBe(204)
      expect(await store.blobs?.read(id, 'response-1', 0)).toBeNull()
    })

    it('is kept by a job that failed, and copied for one that tries again', async () => {
      const store = await open()
      const { url, jobs } = await serviceOver(store)
      const body = bytes.subarray(0, 3 * MB + 5)
      const accepted = await fetch(`${url}/copy`, { method: 'POST', body, headers: { 'x-answer': '500' } })
      const id = (accepted.headers.get('location') ?? '').slice('/jobs/'.length)
      const ended = (job: string, status: string) =>
        vi.waitFor(async () => expect((await jobs.get(job))?.status).toBe(status), { timeout: 30_000, interval: 50 })
      await ended(id, 'failed')
      const again = await jobs.retry(id)
      expect(await jobs.purge(id)).toBe(true)
      expect(await store.blobs?.read(id, 'request', 0)).toBeNull()
      await ended(again.id, 'failed')
      const result = await fetch(`${url}/jobs/${again.id}/result`)
      expect([result.status, sha256(new Uint8Array(await result.arrayBuffer()))]).toEqual([500, sha256(body)])
      expect(await jobs.get(again.id)).toMatchObject({ retryOf: id, request: { size: body.length } })
      expect((await jobs.list({})).jobs.map((job) => job.id)).toEqual([again.id])
    })
  })
