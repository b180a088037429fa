import { createClient, type Job, type JobStatus, type OperationsOf, type ResultOf, submit } from '@respond-async/client'
import { useJob } from '@respond-async/client/react'
import { createJobs } from '@respond-async/core'
import { respondAsync as express } from '@respond-async/express'
import { respondAsync as hono } from '@respond-async/hono'
import type { Request, Response } from 'express'
import { type Context, Hono } from 'hono'
import { hc } from 'hono/client'
import { validator } from 'hono/validator'
import { describe, expectTypeOf, test } from 'vitest'

interface Report {
  readonly rows: number
}
const client = createClient()

describe('results', () => {
  test('have the type that the caller names', async () => {
    const job = await client.submit<Report>('/reports')
    expectTypeOf(job).toEqualTypeOf<Job<Report>>()
    expectTypeOf(await job.json()).toEqualTypeOf<Report>()
    expectTypeOf(await (await job.result()).json()).toEqualTypeOf<Report>()
    for await (const status of job) {
      expectTypeOf(status.result).toEqualTypeOf<Report | undefined>()
      expectTypeOf(status.status).toEqualTypeOf<JobStatus>()
    }
    expectTypeOf(client.resume<Report>('/jobs/1').json()).resolves.toEqualTypeOf<Report>()
    expectTypeOf(useJob(job).status?.result).toEqualTypeOf<Report | undefined>()
  })
  test('are unknown where no type is named', async () => {
    expectTypeOf(await (await submit('/reports')).json()).toEqualTypeOf<unknown>()
  })
})

describe('operations of a server', () => {
  const jobs = createJobs<Context>()
  const report = hono(jobs, 'report', async (c) => c.json({ rows: 3 }, 201))
  const text = hono(jobs, 'text', async (c) => c.text('done'))
  const sheet = express(createJobs<Request>(), 'sheet', async (_req: Request, res: Response<Report>) => void res.json({ rows: 3 }))
  type Operations = OperationsOf<{ report: typeof report; text: typeof text; sheet: typeof sheet }>

  test('are read off their handlers', async () => {
    expectTypeOf<Operations['report']>().toEqualTypeOf<{ rows: number }>()
    expectTypeOf<Operations['sheet']>().toEqualTypeOf<Report>()
    expectTypeOf<ResultOf<typeof text>>().toEqualTypeOf<'done'>()
    const job = await client.submit<Operations['report']>('/reports', { json: { month: '2026-10' } })
    expectTypeOf(await job.json()).toEqualTypeOf<{ rows: number }>()
    // @ts-expect-error there is no such operation
    await client.submit<Operations['nothing']>('/reports')
  })

  test('are those of a success: what is refused fails the job', () => {
    const checked = hono(jobs, 'checked', async (c) => (c.req.query('month') ? c.json({ rows: 3 }, 201) : c.json({ title: 'which?' }, 422)))
    const either = hono(jobs, 'either', async (c) => (c.req.query('month') ? c.json({ rows: 3 }, 201) : c.json({ none: true }, 200)))
    expectTypeOf<ResultOf<typeof checked>>().toEqualTypeOf<{ rows: number }>()
    expectTypeOf<ResultOf<typeof either>>().toEqualTypeOf<{ rows: number } | { none: true }>()
  })

  test('come with the answers of the client that Hono makes', async () => {
    const app = new Hono().post('/reports', report)
    const job = await client.follow(await hc<typeof app>('http://localhost').reports.$post())
    expectTypeOf(await job.json()).toEqualTypeOf<{ rows: number }>()
  })
  test('come with them where the route may also refuse', async () => {
    const months = validator('json', ({ month }, c) => (month ? { month: String(month) } : c.json({ title: 'which?' }, 422)))
    const app = new Hono().post('/reports', months, report)
    const job = await client.follow(await hc<typeof app>('http://localhost').reports.$post({ json: { month: '2026-10' } }))
    expectTypeOf(await job.json()).toEqualTypeOf<{ rows: number }>()
  })
  test('are unknown in the answer of a plain fetch, unless they are named', async () => {
    const answer = await fetch('http://localhost/reports')
    expectTypeOf(await (await client.follow(answer)).json()).toEqualTypeOf<unknown>()
    expectTypeOf(await (await client.follow<Report>(answer)).json()).toEqualTypeOf<Report>()
  })
})

describe('a live response', () => {
  test('is a plain response: its bytes are not known to be JSON before they are all there', async () => {
    const job = await client.submit<Report>('/reports')
    expectTypeOf(job.stream).toEqualTypeOf<() => Promise<globalThis.Response>>()
    expectTypeOf(job.status?.links.stream).toEqualTypeOf<string | undefined>()
  })
})

describe('misuse', () => {
  test('is a type error', () => {
    // @ts-expect-error units are in the names
    createClient({ timeout: 5 })
    // @ts-expect-error states have names of their own
    createClient({ words: { baking: 'busy' } })
    // @ts-expect-error a job is no number
    client.resume(5)
    // @ts-expect-error a job is no number
    useJob(5)
    // @ts-expect-error redirects are followed by the client
    client.submit('/', { redirect: 'error' })
  })
})
