/** With servers of respond-async, over sockets. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { serve as serveHono } from '@hono/node-server'
import { createJobs, type JobsOptions } from '@respond-async/core'
import * as onExpress from '@respond-async/express'
import * as onHono from '@respond-async/hono'
import express from 'express'
import { Hono } from 'hono'
import { hc } from 'hono/client'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createClient, type Fetch, isOver } from '../src/index'
import { all, closeServers, serve } from './server'

const servers = new Set<Server>()
afterEach(() => {
  closeServers()
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
  servers.clear()
})

/** Steps that a test lets a handler make. */
function gate() {
  const waiting: (() => void)[] = []
  let open = false
  return {
    pass: () => new Promise<void>((resolve) => (open ? resolve() : waiting.push(resolve))),
    let: () => vi.waitUntil(() => waiting.shift(), patient).then((go) => go?.()),
    open() {
      open = true
      for (const go of waiting.splice(0)) go()
    },
  }
}

const started = async (server: Server) => {
  servers.add(server)
  if (!server.listening) await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Runs {
  count: number
}

async function expressServer(step: () => Promise<void>, runs: Runs, options: JobsOptions = {}) {
  const jobs = createJobs<express.Request>({ retryAfterMinMs: 100, ...(options as object) })
  const app = express()
  app.post(
    '/reports',
    express.json(),
    onExpress.respondAsync(jobs, 'report', async (req, res) => {
      runs.count++
      await req.job.progress(30, 'read')
      await step()
      if (req.body?.fail)
        return void res.status(422).type('application/problem+json').json({ title: 'No such month', status: 422, code: 'no_month' })
      if (req.job.signal.aborted) throw req.job.signal.reason
      await req.job.progress(70, 'drawn')
      await step()
      res.status(201).set('x-report', 'yes').json({ month: req.body.month })
    }),
  )
  app.use('/jobs', onExpress.jobRoutes(jobs))
  return { jobs, url: await started(app.listen(0, '127.0.0.1')) }
}

function honoApp(step: () => Promise<void>, runs: Runs, options: JobsOptions = {}) {
  const jobs = createJobs({ retryAfterMinMs: 100, ...(options as object) })
  return new Hono()
    .post(
      '/reports',
      onHono.respondAsync(jobs, 'report', async (c) => {
        runs.count++
        const body = await c.req.json()
        const job = c.get('job')
        await job.progress(30, 'read')
        await step()
        if (body.fail)
          return c.json({ title: 'No such month', status: 422, code: 'no_month' }, 422, {
            'content-type': 'application/problem+json',
          }) as never
        if (job.signal.aborted) throw job.signal.reason
        await job.progress(70, 'drawn')
        await step()
        return c.json({ month: String(body.month) }, 201, { 'x-report': 'yes' })
      }),
    )
    .route('/jobs', onHono.jobRoutes(jobs))
}
const honoServer = async (step: () => Promise<void>, runs: Runs, options?: JobsOptions) =>
  ({ url: await started(serveHono({ fetch: honoApp(step, runs, options).fetch, port: 0, hostname: '127.0.0.1' }) as Server) }) as const

const patient = { timeout: 20_000, interval: 5 }
const now = async () => {}
/** `fetch`, and what it is called with. */
const noting =
  (note: (input: string, init?: RequestInit) => unknown): Fetch =>
  (input, init) => {
    note(input, init)
    return fetch(input, init)
  }
const quick = { minPollMs: 50 }

describe.each([
  ['Express', expressServer],
  ['Hono', honoServer],
] as const)('%s', (_, start) => {
  test.each([true, false])('progress comes as it is made, then the result (events: %s)', async (events) => {
    const { pass, let: letIt } = gate()
    const { url } = await start(pass, { count: 0 })
    const accepted: (string | null)[] = []
    const fetched = noting((_, init) => accepted.push(new Headers(init?.headers).get('accept')))
    const job = await createClient({ ...quick, events, baseUrl: url, fetch: fetched }).submit<{ month: string }>('/reports', {
      json: { month: '2026-10' },
    })
    expect(job.url).toBe(`${url}/jobs/${job.id}`)
    const seen: (number | undefined)[] = []
    for await (const { status, percentComplete } of job) {
      if (percentComplete !== seen.at(-1)) seen.push(percentComplete)
      if (status === 'running' && percentComplete !== undefined) await letIt()
    }
    expect(seen.filter((percent) => percent !== undefined)).toEqual([30, 70, 100])
    // Every change came by the stream, or none did.
    expect(new Set(accepted.slice(1))).toEqual(new Set([events ? 'text/event-stream' : 'application/json, */*;q=0.5']))
    const response = await job.result()
    expect([response.status, response.headers.get('x-report'), await response.json()]).toEqual([201, 'yes', { month: '2026-10' }])
    expect(await job.json()).toEqual({ month: '2026-10' })
  })

  test('several listeners share one connection, and a late one gets the current status', async () => {
    const { pass, open } = gate()
    const { url } = await start(pass, { count: 0 })
    const asked: string[] = []
    const client = createClient({ ...quick, baseUrl: url, events: false, fetch: noting((input) => asked.push(input)) })
    const job = await client.submit<{ month: string }>('/reports', { json: { month: '1' } })
    const waiting = [job.finished(), job.json(), all(job), job.result()] as const
    await vi.waitUntil(() => asked.length > 2, patient)
    open()
    const [last, json, list] = await Promise.all(waiting)
    expect([last.status, json, list.at(-1)?.status]).toEqual(['succeeded', { month: '1' }, 'succeeded'])
    const resumed = client.resume<{ month: string }>(job.url ?? '')
    expect(resumed.status).toBeUndefined()
    expect(await resumed.json()).toEqual({ month: '1' })
    expect(resumed.id).toBe(job.id)
  })

  test('a loop that is left stops polling, another one goes on', async () => {
    const { pass, open } = gate()
    const { url } = await start(pass, { count: 0 })
    const signals: AbortSignal[] = []
    const client = createClient({
      ...quick,
      baseUrl: url,
      fetch: noting((_, init) => init?.signal && signals.push(init.signal)),
    })
    const job = await client.submit('/reports', { json: { month: '1' } })
    for await (const { percentComplete } of job) if (percentComplete === 30) break
    expect(job.error).toBeUndefined()
    const before = signals.length
    open()
    expect(signals.length).toBe(before)
    expect((await job.finished()).status).toBe('succeeded')
  })

  test('a job is canceled, and that is an error of its own', async () => {
    const { pass, open } = gate()
    const { url } = await start(pass, { count: 0 })
    const job = await createClient({ ...quick, baseUrl: url }).submit('/reports', { json: { month: '1' } })
    for await (const { percentComplete } of job) if (percentComplete === 30) break
    const canceled = await job.cancel()
    expect(canceled.status === 'canceled' || canceled.cancelRequestedAt !== undefined).toBe(true)
    open()
    await expect(job.result()).rejects.toMatchObject({ name: 'JobCanceledError' })
    expect((await job.cancel()).status).toBe('canceled')
  })

  test('canceling what is finished changes nothing, also for who does not know yet', async () => {
    const { url } = await start(now, { count: 0 })
    const client = createClient({ ...quick, baseUrl: url })
    const job = await client.submit<{ month: string }>('/reports', { json: { month: '1' } })
    await job.finished()
    const resumed = client.resume(job.url ?? '')
    expect((await resumed.cancel()).status).toBe('succeeded')
    expect(await client.resume(job.url ?? '').json()).toEqual({ month: '1' })
  })

  test("a handler's own error is a failure with its problem and its response", async () => {
    const { url } = await start(now, { count: 0 })
    const job = await createClient({ ...quick, baseUrl: url }).submit('/reports', { json: { fail: true } })
    const error = await job.result().catch((thrown) => thrown)
    expect(error).toMatchObject({ name: 'JobFailedError', status: 422, code: 'no_month', title: 'No such month' })
    expect(await error.response.json()).toMatchObject({ code: 'no_month' })
    expect(error.job.status).toBe('failed')
  })

  test('an answer that is lost makes no second job', async () => {
    const runs = { count: 0 }
    const { url } = await start(now, runs)
    let cut = 0
    // Takes the whole request to the server, and ends the connection instead of giving the answer back.
    const proxy = await serve(({ method, url: path, headers, body }, _at, res) => {
      const cuts = method === 'POST' && cut++ < 2
      const socket = connect(Number(new URL(url).port), '127.0.0.1')
      const fields = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}`)
      socket.write(`${method} ${path} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${body}`)
      if (cuts) socket.once('data', () => res.destroy())
      else socket.pipe(res.socket as NodeJS.WritableStream)
      return undefined
    })
    const job = await createClient({ ...quick, baseUrl: proxy.url }).submit('/reports', { json: { month: '1' } })
    expect((await job.finished()).status).toBe('succeeded')
    expect(cut).toBe(3)
    expect(runs.count).toBe(1)
  })

  test.each(['document', 'redirect', 'inline'] as const)('onComplete: %s', async (onComplete) => {
    const { url } = await start(now, { count: 0 }, { onComplete })
    const client = createClient({ ...quick, baseUrl: url })
    const job = await client.submit<{ month: string }>('/reports', { json: { month: '1' } })
    const response = await job.result()
    expect([response.status, response.headers.get('x-report'), await response.json()]).toEqual([201, 'yes', { month: '1' }])
  })

  test.each(['document', 'redirect', 'inline'] as const)('onComplete: %s: canceling what was canceled is no error', async (onComplete) => {
    const { pass, open } = gate()
    const { url } = await start(pass, { count: 0 }, { onComplete })
    const client = createClient({ ...quick, baseUrl: url })
    const job = await client.submit('/reports', { json: { month: '1' } })
    for await (const { percentComplete } of job) if (percentComplete === 30) break
    await job.cancel()
    open()
    expect((await job.finished()).status).toBe('canceled')
    expect((await client.resume(job.url ?? '').cancel()).status).toBe('canceled')
  })

  test('Prefer: wait makes it an answer at once', async () => {
    const { url } = await start(now, { count: 0 })
    const headers = { prefer: 'respond-async, wait=5' }
    const job = await createClient({ baseUrl: url }).submit<{ month: string }>('/reports', { json: { month: '1' }, headers })
    expect(job.url).toBeUndefined()
    expect([(await job.result()).status, await job.json()]).toEqual([201, { month: '1' }])
  })
})

test('polls are held by the server and answered at the change, with the ETag of what is known', async () => {
  const { pass, let: letIt, open } = gate()
  const { url } = await expressServer(pass, { count: 0 })
  const sent: Headers[] = []
  const fetched = noting((_, init) => sent.push(new Headers(init?.headers)))
  const job = await createClient({ ...quick, events: false, baseUrl: url, fetch: fetched }).submit('/reports', { json: { month: '1' } })
  const finished = job.finished()
  await vi.waitUntil(() => sent.at(-1)?.get('prefer') === 'wait=20', patient)
  expect(sent.at(-1)?.get('if-none-match')).toMatch(/^W\//)
  const before = sent.length
  await letIt()
  await vi.waitUntil(() => sent.length > before, patient)
  open()
  await finished
  // None of them came back with nothing: each question after the first brought a change.
  expect(sent.length).toBeLessThan(8)
})

test('jobs of answers that Hono’s own client has fetched', async () => {
  const app = honoApp(now, { count: 0 })
  const url = await started(serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server)
  const { reports } = hc<typeof app>(url)
  const job = await createClient(quick).follow(await reports.$post({}, { init: { body: '{"month":"1"}' } }))
  expect((await job.json()).month).toBe('1')
  const direct = createClient({ ...quick, baseUrl: 'http://app', fetch: async (input, init) => app.request(input, init) })
  expect(isOver(await (await direct.submit('/reports', { json: { month: '2' } })).finished())).toBe(true)
})
