/** Several instances behind one address: it makes no difference which of them is asked. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startBalancer } from './balancer'
import { call, type Reply, submit } from './client'
import { type Fleet, startFleet } from './fleet'
import { chosen, type StoreServer } from './pairs'

const WAIT = { timeout: 30_000, interval: 20 }
const OPTIONS = { leaseMs: 3_000, sweepMs: 300, startDeadlineMs: 5_000, retryAfterMinMs: 1_000, retryAfterMaxMs: 1_000 }

describe.each(chosen(['sqlite', 'postgres', 'redis', 'bullmq', 'pgBoss']))('$title', { timeout: 60_000 }, (pair) => {
  let server: StoreServer
  let fleet: Fleet
  let balancer: Awaited<ReturnType<typeof startBalancer>>
  beforeAll(async () => {
    if (pair.skipped) return
    server = await pair.start()
    const roles = pair.roles.includes('worker') ? pair.roles : pair.roles.slice(1)
    fleet = await startFleet({ ...pair, roles, url: server.url, jobs: OPTIONS })
    balancer = await startBalancer(fleet.ports())
  }, 60_000)
  afterAll(async () => {
    balancer?.stop()
    await fleet?.stop()
    await server?.stop()
  })

  /** Asks each instance, and gives the one answer that they agree on, but for the advice: each estimates from the jobs that it has run. */
  const all = async (path: string, headers: Record<string, string> = {}): Promise<Reply['body']> => {
    const answers = await Promise.all(fleet.ports().map((port) => call(port, path, { headers })))
    const [first, ...others] = answers.map(({ status, headers: fields, body }) => {
      const { estimatedFinishAt: _at, retryAfterMs: _in, ...told } = body as Record<string, unknown>
      return { status, etag: fields.get('etag'), body: told }
    })
    for (const other of others) expect(other).toEqual(first)
    return (first?.body ?? {}) as Reply['body'] // which it was
  }
  const id = (reply: Reply) => {
    expect(reply.status).toBe(202)
    return reply.body.id ?? ''
  }
  const isOver = (job: string, headers?: Record<string, string>) =>
    vi.waitFor(async () => {
      const { status } = (await call(balancer.port, `/jobs/${job}`, { headers })).body
      expect(['succeeded', 'failed', 'canceled']).toContain(status)
    }, WAIT)
  const started = async (job: string) =>
    vi.waitFor(() => {
      const line = fleet.lines().find((one) => one.id === job && one.event === 'start')
      expect(line).toBeDefined()
      return line?.pid
    }, WAIT)

  // What decides it is the store, whatever the engine.
  it.skipIf(pair.skipped || pair.roles.includes('worker'))(
    'makes 100 jobs of 1,000 parallel requests with 100 keys, and lists them',
    async () => {
      const headers = { 'x-user': 'many' }
      const answers = await Promise.all(
        Array.from({ length: 1_000 }, (_, at) => {
          const key = `many-${at % 100}`
          return submit(balancer.port, { key }, { ...headers, 'idempotency-key': key }).then((reply) => ({ key, id: id(reply) }))
        }),
      )
      const made = new Map(answers.map((one) => [one.key, one.id]))
      expect(made.size).toBe(100)
      for (const { key, id } of answers) expect(id).toBe(made.get(key))
      for (const job of made.values()) await isOver(job, headers)

      const listed: string[] = []
      for (let path: string | undefined = '/jobs?limit=30'; path; ) {
        const { jobs, next }: Reply['body'] = await all(path, headers)
        listed.push(...(jobs ?? []).map((job) => job.id))
        path = next
      }
      expect(listed.toSorted()).toEqual([...made.values()].toSorted())
      const ran = fleet.lines().filter(({ event, key }) => event === 'start' && key.startsWith('many-'))
      expect(ran.map((line) => line.id).toSorted()).toEqual(listed.toSorted())
    },
  )

  it.skipIf(pair.skipped)('tells the same of a job, whichever is asked, while it runs and when it is over', async () => {
    const key = 'same'
    const job = id(await submit(balancer.port, { key, gate: key, steps: 2 }))
    await started(job)
    await vi.waitFor(async () => expect((await all(`/jobs/${job}`)).percentComplete).toBe(50), WAIT)
    for (const port of fleet.ports()) expect(id(await submit(port, { key, gate: key, steps: 2 }))).toBe(job)
    for (const port of fleet.ports()) expect((await submit(port, { key, gate: 'another' })).status).toBe(422)
    fleet.open(key)
    await isOver(job)
    expect(await all(`/jobs/${job}`)).toMatchObject({ status: 'succeeded', result: { key, attempt: 1 } })
    expect(await all(`/jobs/${job}/result`)).toMatchObject({ key, attempt: 1 })
    expect(await all(`/jobs/${job}`, { 'x-user': 'somebody' })).toMatchObject({ code: 'job-not-found' })
  })

  it.skipIf(pair.skipped)('stops a handler that runs in one when another is told to cancel it', async () => {
    for (const port of fleet.ports()) {
      const key = `cancel-${port}`
      const job = id(await submit(port, { key, gate: 'never', listens: true }))
      const pid = await started(job)
      const other = fleet.members.find((member) => member.port !== undefined && member.pid !== pid)?.port ?? 0
      expect((await call(other, `/jobs/${job}/cancel`, { method: 'POST' })).status).toBe(202)
      await isOver(job)
      expect((await all(`/jobs/${job}`)).status).toBe('canceled')
      const lines = fleet.lines().filter((line) => line.id === job)
      expect(lines.map(({ event }) => event)).toEqual(['start', 'abort'])
      expect(lines[1]?.pid).toBe(pid)
      for (const port of fleet.ports()) expect((await call(port, `/jobs/${job}/cancel`, { method: 'POST' })).status).toBe(200)
    }
  })

  it.skipIf(pair.skipped)('ends a long poll that one holds when another has done the job', async () => {
    const key = 'held'
    const job = id(await submit(balancer.port, { key, gate: key }))
    await started(job)
    const etag = (await call(balancer.port, `/jobs/${job}`)).headers.get('etag') ?? ''
    const held = fleet.ports().map((port) => call(port, `/jobs/${job}`, { headers: { prefer: 'wait=15', 'if-none-match': etag } }))
    // Each has read the job by the time that others, which came after it one by one, have been answered.
    for (let turn = 0; turn < 5; turn++) await Promise.all(fleet.ports().map((port) => call(port, `/jobs/${job}`)))
    fleet.open(key)
    for (const { status, headers, body } of await Promise.all(held)) {
      expect([status, headers.get('preference-applied')]).toEqual([200, 'wait=15'])
      expect(body).toMatchObject({ status: 'succeeded', result: { key } })
    }
  })
})
