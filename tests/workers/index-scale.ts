/** A Worker whose index object can be filled with rows, without the jobs that they tell of. For tests/scale/object-index.ts. */
import { env } from 'cloudflare:workers'
import type { JobStatus } from '@respond-async/core'
import { durableObjectStore, JobObject } from '@respond-async/workers/durable-object'

const { JOBS } = env as unknown as { JOBS: DurableObjectNamespace<FilledObject> } // as tests/scale/object-index.ts binds it
const store = durableObjectStore(JOBS)
const job = {
  ...{ id: 'x', version: 1, revision: 1, operation: 'report', owner: 'ann', status: 'queued', createdAt: 0, updatedAt: 0, dueAt: null },
  ...{ attempt: 0, maxAttempts: 1, dispatch: 1, response: null, request: { method: 'POST', url: '/reports', headers: { accept: '*/*' } } },
} as const

/** One job in a thousand is queued, one in fifty thousand is running: states that a list has to find among many others. */
const FILL = `INSERT INTO jobs (id, createdAt, version, status, operation, dueAt, head)
  WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2),
    made(i, status) AS (SELECT i, CASE WHEN i % 50000 = 7 THEN 'running' WHEN i % 1000 = 5 THEN 'queued' ELSE 'succeeded' END FROM n)
  SELECT 'job-' || i, i, 1, status, 'report', NULL, json_set(?3, '$.id', 'job-' || i, '$.createdAt', i, '$.status', status) FROM made`

export class FilledObject extends JobObject {
  async fill(from: number, to: number) {
    await this.putRow({ ...job, head: JSON.stringify(job) })
    this.ctx.storage.sql.exec(FILL, from, to, JSON.stringify(job))
    return this.ctx.storage.sql.databaseSize
  }
}

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url)
    const number = (name: string) => Number(searchParams.get(name))
    if (pathname === '/fill') return Response.json(await JOBS.get(JOBS.idFromName('index:ann')).fill(number('from'), number('to')))
    const status = (searchParams.get('status') ?? '').split(',').filter(Boolean) as JobStatus[] // this script's own words
    const query = { owner: 'ann', limit: 20, cursor: searchParams.get('cursor') ?? undefined }
    let found = 0
    for (let times = number('times'); times > 0; times--) {
      const page = await store.list?.(status.length > 0 ? { ...query, status } : query)
      found = page?.jobs.length ?? 0
    }
    return Response.json(found)
  },
} satisfies ExportedHandler<unknown>
