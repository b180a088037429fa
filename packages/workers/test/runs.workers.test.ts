import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { createJobs, type Job } from '@respond-async/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { durableObjectStore } from '../src/durable-object'
import { jobRoutes, respondAsync } from '../src/index'
import { indexName, jobName, keyName, objectOf } from '../src/object-protocol'
import { clock, jobs, open, runs, told } from './worker'

interface Document {
  id: string
  status: string
  attempt?: number
  scheduledAt?: string
  result?: unknown
  error?: { code: string }
  links: { self: string }
}

const ask = (path: string, init?: RequestInit) => exports.default.fetch(new Request(`https://example.com${path}`, init))
const read = async (response: Response) => ({ response, document: (await response.json()) as Document })
const submit = async (operation: string, plan: object = {}, headers: Record<string, string> = {}) => {
  const { response, document } = await read(await ask(`/${operation}`, { method: 'POST', headers, body: JSON.stringify(plan) }))
  expect(response.status).toBe(202)
  return document
}
const status = async (job: Document, headers: Record<string, string> = {}) => (await read(await ask(job.links.self, { headers }))).document
/** Looks until the job is in this state. */
const until = (job: Document, state: string, headers?: Record<string, string>) =>
  vi.waitUntil(
    async () => {
      const now = await status(job, headers)
      return now.status === state && now
    },
    { timeout: 10_000, interval: 10 },
  )
const objectFor = (id: string) => env.JOBS.get(env.JOBS.idFromName(jobName(id)))
const alarmOf = (id: string) => runInDurableObject(objectFor(id), (_, state) => state.storage.getAlarm())
const keysOf = (id: string) => runInDurableObject(objectFor(id), (_, state) => [...state.storage.kv.list()].map(([key]) => key))

afterEach(() => {
  clock.aheadMs = 0
})

describe('where a job runs', () => {
  it('runs a short one where it was taken, on the live request', async () => {
    const job = await submit('short', {}, { authorization: 'secret' })
    expect((await until(job, 'succeeded')).result).toEqual({ attempt: 1, authorization: 'secret' })
  })

  it('runs one that no request made under the alarm of its object', async () => {
    const { id } = await jobs.submit('short', {})
    await vi.waitUntil(async () => (await jobs.get(id))?.status === 'succeeded', { timeout: 10_000 })
  })

  it('runs a long one under the alarm of its object, on the stored request', async () => {
    const job = await submit('long', { gate: 'where' }, { authorization: 'secret' })
    expect(job.status).toBe('queued')
    await until(job, 'running')
    open.add('where')
    expect((await until(job, 'succeeded')).result).toEqual({ attempt: 1, authorization: null })
  })

  it.each(['here', 'there'])('gives a handler its length, env and ctx, and waits for what that is given: %s', async (where) => {
    const said = vi.spyOn(console, 'error')
    const job = await submit(`context/${where}`)
    expect((await until(job, 'succeeded')).result).toEqual({ env: true, exports: true, length: '2' })
    await vi.waitUntil(() => runs.get(where) === 1, { timeout: 10_000 })
    expect(said).not.toHaveBeenCalled()
    said.mockRestore()
  })

  it('starts a delayed one with the alarm, no sooner', async () => {
    const job = await submit('later')
    const at = Date.parse(job.scheduledAt ?? '')
    expect(await alarmOf(job.id)).toBe(at)
    await runDurableObjectAlarm(objectFor(job.id))
    expect((await status(job)).status).toBe('queued')
    expect(await alarmOf(job.id)).toBe(at)
    clock.aheadMs = 3_600_000
    expect(await runDurableObjectAlarm(objectFor(job.id))).toBe(true)
    expect((await status(job)).status).toBe('succeeded')
  })

  it('tries again with the alarm', async () => {
    const job = await submit('flaky', { failures: 2 })
    expect((await until(job, 'succeeded')).attempt).toBe(3)
  })

  it('runs a short one in the async context of its request', async () => {
    const submitted = await Promise.all(['ada', 'bob', 'cleo'].map((name) => submit(`user?name=${name}`)))
    const ended = await Promise.all(submitted.map((job) => until(job, 'succeeded')))
    expect(ended.map(({ result }) => result)).toEqual(['ada', 'bob', 'cleo'])
  })

  describe('where there are several sets of jobs', () => {
    const submitDue = async (namespace: Parameters<typeof durableObjectStore>[0]) => {
      const id = crypto.randomUUID()
      const due = { status: 'queued', dueAt: Date.now() - 1, attempt: 0, maxAttempts: 1, dispatch: 1 } as const
      const request = { method: 'POST', url: '/', headers: {} }
      const made = { id, version: 1, revision: 1, operation: 'lazy', owner: null, createdAt: 0, updatedAt: 0 }
      const store = durableObjectStore(namespace)
      await store.insert({ ...made, request, response: null, ...due })
      await vi.waitUntil(async () => (await store.get(id, 'head'))?.status === 'succeeded', { timeout: 10_000 })
    }

    it('finds those that were not made at the top level through prepare()', () => submitDue(env.LAZY))

    it('finds those of an object that does not know its name', () =>
      submitDue({ get: (id) => env.LAZY.get(id), idFromName: (name) => env.LAZY.idFromString(env.LAZY.idFromName(name).toString()) }))
  })
})

describe('an alarm without jobs', () => {
  it('says what to do, and looks again later', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    const id = crypto.randomUUID()
    const object = env.ORPHAN.get(env.ORPHAN.idFromName(jobName(id)))
    const facts = { version: 1, dueAt: Date.now() - 1, owner: null, events: [], maxEvents: 0 }
    await objectOf(env.ORPHAN, jobName(id)).insertJob({ ...facts, head: JSON.stringify({ id }) })
    await vi.waitUntil(() => said.mock.calls.length > 0, { timeout: 10_000 })
    expect(String(said.mock.calls[0]?.[1])).toMatch(/Call createJobs\({ store: durableObjectStore\(env\.JOBS\) }\) at the top level/)
    said.mockRestore()
    await vi.waitUntil(async () => ((await runInDurableObject(object, (_, state) => state.storage.getAlarm())) ?? 0) > Date.now() + 5_000)
  })

  it('looks again later at a job that was handed over to it', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    const id = crypto.randomUUID()
    const object = objectOf(env.ORPHAN, jobName(id))
    const facts = { version: 1, dueAt: Date.now() + 60_000, owner: null, events: [], maxEvents: 0 }
    await object.insertJob({ ...facts, head: JSON.stringify({ id }) })
    await object.wake({ v: 1, id, operation: 'none', dispatch: 1 })
    await vi.waitUntil(() => said.mock.calls.length > 0, { timeout: 10_000 })
    await scheduler.wait(200)
    expect(said).toHaveBeenCalledOnce()
    said.mockRestore()
  })
})

describe('an object that is reset in the middle of a run', () => {
  const crashed = async (operation: string) => {
    const job = await submit(operation, { gate: operation })
    await until(job, 'running')
    await abortAllDurableObjects()
    expect((await status(job)).status).toBe('running')
    clock.aheadMs = 600_001
    return job
  }

  it('leaves a job that is lost when its lease has run out', async () => {
    const job = await crashed('long')
    await runDurableObjectAlarm(objectFor(job.id))
    const after = await status(job)
    expect([after.status, after.error?.code]).toEqual(['failed', 'lost'])
  })

  it('leaves an end that is told by the next alarm, where it was being told', async () => {
    open.add('a slow receiver')
    const job = await submit('telling')
    await vi.waitUntil(async () => (await jobs.get(job.id))?.webhook?.attempts === 1, { timeout: 10_000 })
    await abortAllDurableObjects()
    open.delete('a slow receiver')
    clock.aheadMs = 60_001
    await runDurableObjectAlarm(objectFor(job.id))
    expect(told).toContain(job.id)
  })

  it('leaves a job that is run again where attempts are left', async () => {
    const job = await crashed('lasting')
    open.add('lasting')
    expect((await until(job, 'succeeded')).attempt).toBe(2)
  })
})

describe('a cancellation', () => {
  it('reaches a run under the alarm at once, without a heartbeat', async () => {
    const job = await submit('long', { gate: 'never' })
    await until(job, 'running')
    expect((await ask(job.links.self, { method: 'DELETE' })).status).toBe(202)
    await until(job, 'canceled')
  })

  it('over HTTP is told to a webhook, however many there are', async () => {
    const owing = await Promise.all(Array.from({ length: 10 }, () => submit('owing')))
    for (const job of owing) {
      const canceled = await ask(job.links.self, { method: 'DELETE' })
      expect([canceled.status, await canceled.json()]).toMatchObject([200, { status: 'canceled' }])
    }
    await vi.waitFor(() => expect(told).toEqual(expect.arrayContaining(owing.map(({ id }) => id))), { timeout: 10_000 })
  })

  it('by the application is told before it resolves: nothing would hold it after that', async () => {
    const { id } = await submit('owing')
    await jobs.cancel(id)
    expect(told).toContain(id)
  })

  it('keeps a delayed job from starting', async () => {
    const job = await submit('later')
    expect((await ask(job.links.self, { method: 'DELETE' })).status).toBe(200)
    const before = runs.get('later')
    clock.aheadMs = 3_600_000
    await runDurableObjectAlarm(objectFor(job.id))
    expect([(await status(job)).status, runs.get('later')]).toEqual(['canceled', before])
  })
})

describe('what is left of a job', () => {
  it('is a tombstone after the expiry, and after that nothing, in the index too', async () => {
    const owner = { 'x-owner': 'ann' }
    const job = await submit('brief', {}, { ...owner, 'idempotency-key': 'a-key' })
    await until(job, 'succeeded', owner)
    clock.aheadMs = 60_001
    await runDurableObjectAlarm(objectFor(job.id))
    expect((await ask(job.links.self, { headers: owner })).status).toBe(410)
    expect(await (await ask('/jobs', { headers: owner })).json()).toEqual({ jobs: [] })
    const held = env.JOBS.get(env.JOBS.idFromName(keyName('ann', 'a-key')))
    expect(await runInDurableObject(held, (_, state) => [...state.storage.kv.list()])).toEqual([])
    expect((await submit('brief', {}, { ...owner, 'idempotency-key': 'a-key' })).id).not.toBe(job.id)
    clock.aheadMs = 60_001 + 3_600_001
    await runDurableObjectAlarm(objectFor(job.id))
    expect((await ask(job.links.self, { headers: owner })).status).toBe(404)
    expect(await keysOf(job.id)).toEqual([])
    expect(await alarmOf(job.id)).toBe(null)
  })
})

describe('an idempotency key', () => {
  it('makes one job and one run of fifty requests at once', async () => {
    const before = runs.get('short') ?? 0
    const made = await Promise.all(Array.from({ length: 50 }, () => submit('short', {}, { 'idempotency-key': 'fifty' })))
    expect(new Set(made.map(({ id }) => id)).size).toBe(1)
    await until(made[0] as Document, 'succeeded')
    expect(runs.get('short')).toBe(before + 1)
  })

  it('does not block when the request that claimed it crashed, and refuses its insert if it still comes', async () => {
    const key = keyName(null, 'crashed')
    const dead = crypto.randomUUID()
    await objectOf(env.JOBS, key).claim(dead)
    const job = await submit('short', {}, { 'idempotency-key': 'crashed' })
    await until(job, 'succeeded')
    const late = { head: '{}', version: 1, dueAt: null, owner: null, key, events: [], maxEvents: 0 }
    expect(await objectOf(env.JOBS, jobName(dead)).insertJob(late)).toEqual({ inserted: false, head: null })
    expect((await submit('short', {}, { 'idempotency-key': 'crashed' })).id).toBe(job.id)
  })
})

describe('a client that leaves', () => {
  it.each(['short', 'long'])('while its job is made leaves a job that runs, which its key finds again: %s', async (operation) => {
    const owner = `leaver-${operation}`
    const index = env.JOBS.get(env.JOBS.idFromName(indexName(owner)))
    const blocked = runInDurableObject(index, (_, state) => state.blockConcurrencyWhile(() => scheduler.wait(2_000)))
    await scheduler.wait(50)
    const leaving = new AbortController()
    const headers = { 'x-owner': owner, 'idempotency-key': 'left' }
    const left = ask(`/${operation}`, { method: 'POST', headers, body: '{}', signal: leaving.signal })
    const holder = () => durableObjectStore(env.JOBS).holder?.(owner, 'left')
    const { id } = await vi.waitUntil(holder, { timeout: 10_000, interval: 10 }) // stored, and the index has not answered yet
    leaving.abort()
    await expect(left).rejects.toThrow(/abort/)
    await blocked
    await vi.waitUntil(async () => (await holder())?.status === 'succeeded', { timeout: 10_000 })
    expect((await submit(operation, {}, headers)).id).toBe(id)
  })

  it('while its job is purged leaves none in the list', async () => {
    const owner = 'leaver-purging'
    const headers = { 'x-owner': owner }
    const job = await submit('short', {}, headers)
    await until(job, 'succeeded', headers)
    const index = env.JOBS.get(env.JOBS.idFromName(indexName(owner)))
    const blocked = runInDurableObject(index, (_, state) => state.blockConcurrencyWhile(() => scheduler.wait(1_000)))
    await scheduler.wait(50)
    const leaving = new AbortController()
    const left = ask(job.links.self, { method: 'DELETE', headers, signal: leaving.signal })
    await vi.waitUntil(async () => (await jobs.get(job.id))?.goneAt !== undefined, { timeout: 10_000 }) // the index has not answered yet
    leaving.abort()
    await expect(left).rejects.toThrow(/abort/)
    await blocked
    await vi.waitFor(async () => expect(await (await ask('/jobs', { headers })).json()).toEqual({ jobs: [] }), { timeout: 3_000 })
  })
})

describe('a limit of unfinished jobs', () => {
  it('counts jobs whose heads do not fit into one call', async () => {
    const busy = createJobs<Request>({ store: durableObjectStore(env.KIT), owner: () => 'victor', maxPerOwner: 10 })
    const take = respondAsync(busy, { operation: 'never', delayMs: 3_600_000 }, () => new Response())
    const headers = { 'x-padding': 'x'.repeat(900_000) }
    const statuses = new Map<number, number>()
    for (let n = 0; n < 11; n++) {
      const { status } = await take(new Request('https://example.com/', { method: 'POST', headers }))
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    expect([...statuses]).toEqual([
      [202, 10],
      [429, 1],
    ])
  })
})

describe('a list', () => {
  it('looks up again what is overdue: whoever changed it was cut off before the index heard of it', async () => {
    const owner = { 'x-owner': 'bob' }
    const job = await submit('later', {}, owner)
    const store = durableObjectStore(env.JOBS)
    const head = { ...((await store.get(job.id, 'head')) as Job), dueAt: Date.now() - 1, version: 2, revision: 2 }
    await store.replace(head)
    const facts = { version: 3, dueAt: null, owner: 'bob', events: [], maxEvents: 0 }
    const done = { ...head, status: 'canceled', version: 3, dueAt: null }
    await objectOf(env.JOBS, jobName(job.id)).replaceJob({ ...facts, head: JSON.stringify(done) })
    for (const query of ['', '?status=canceled']) {
      const { jobs } = (await (await ask(`/jobs${query}`, { headers: owner })).json()) as { jobs: Document[] }
      expect(jobs.map(({ id, status }) => [id, status])).toEqual([[job.id, 'canceled']])
    }
  })

  it('loses what is overdue and not there, or gone', async () => {
    const owner = { 'x-owner': 'walter' }
    const store = durableObjectStore(env.JOBS)
    const [gone, lost] = [await submit('later', {}, owner), await submit('later', {}, owner)]
    for (const { id } of [gone, lost])
      await store.replace({ ...((await store.get(id, 'head')) as Job), dueAt: Date.now() - 1, version: 2, revision: 2 })
    const facts = { version: 3, dueAt: null, owner: 'walter', events: [], maxEvents: 0 }
    await objectOf(env.JOBS, jobName(gone.id)).replaceJob({ ...facts, head: JSON.stringify({ ...gone, goneAt: 1 }) })
    await objectOf(env.JOBS, jobName(lost.id)).removeJob()
    expect(await (await ask('/jobs', { headers: owner })).json()).toEqual({ jobs: [] })
    expect(await objectOf(env.JOBS, indexName('walter')).rows({ limit: 10 })).toEqual({ heads: [], more: false })
  })

  it('shows a job once, however often its state is asked for', async () => {
    const owner = { 'x-owner': 'twice' }
    const job = await submit('later', {}, owner)
    for (const status of ['queued,queued', Array(20).fill('queued').join()]) {
      const { jobs } = (await (await ask(`/jobs?status=${status}`, { headers: owner })).json()) as { jobs: Document[] }
      expect(jobs.map(({ id }) => id)).toEqual([job.id])
    }
  })

  it('of jobs without an owner is refused, unless the store keeps one', async () => {
    await expect(durableObjectStore(env.JOBS).list?.({ owner: null, limit: 1 })).rejects.toMatchObject({ code: 'invalid_option' })
  })
})

describe('a job whose index takes no lines', () => {
  it.each(['short', 'long'])('is taken and runs all the same, and is in the list with its next change: %s', async (operation) => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    const name = `broken-${operation}`
    const owner = { 'x-owner': name }
    const index = env.JOBS.get(env.JOBS.idFromName(indexName(name)))
    const inIndex = (statement: string) => runInDurableObject(index, (_, { storage }) => void storage.sql.exec(statement))
    await submit('later', {}, owner)
    await inIndex("CREATE TRIGGER broken BEFORE INSERT ON jobs BEGIN SELECT RAISE(ABORT, 'broken'); END")
    const job = await submit(operation, { gate: name }, owner)
    await until(job, 'running', owner)
    expect(said).toHaveBeenCalledWith('respond-async: index:', expect.objectContaining({ message: expect.stringMatching(/broken/) }))
    said.mockRestore()
    await inIndex('DROP TRIGGER broken')
    open.add(name)
    await until(job, 'succeeded', owner)
    const { jobs } = (await (await ask('/jobs?status=succeeded', { headers: owner })).json()) as { jobs: Document[] }
    expect(jobs.map(({ id }) => id)).toEqual([job.id])
  })
})

describe('sizes', () => {
  it('keeps a result that is larger than what one call to an object carries', async () => {
    const job = await submit('short', { bytes: 33_554_433 })
    await until(job, 'succeeded')
    const result = await ask(`${job.links.self}/result`)
    expect([result.status, (await result.arrayBuffer()).byteLength]).toEqual([200, 33_554_433])
  })

  it('answers 413 to a request body that is larger than maxBodyBytes', async () => {
    const response = await ask('/short', { method: 'POST', body: new Uint8Array(33_554_433) })
    expect([response.status, response.headers.get('content-type')]).toEqual([413, 'application/problem+json'])
    await response.body?.cancel()
  })
})

describe('set-up', () => {
  it('has limits that leave time to write the end, within those of the platform', () => {
    const { engine, blobs, capabilities } = durableObjectStore(env.JOBS)
    expect(engine?.capabilities).toMatchObject({ maxRunMs: 870_000, defaultMaxRunMs: 25_000 })
    const platform = { waitUntil() {} }
    expect([25_000, 25_001].map((maxRunMs) => engine?.reserve?.(0, maxRunMs, platform)?.starts)).toEqual([true, false])
    expect([capabilities.maxBodyBytes, blobs?.maxBodyBytes]).toEqual([31_457_280, 1_073_741_824])
  })

  it('asks for a store on Workers', () => {
    expect(() => createJobs()).toThrow(expect.objectContaining({ code: 'store_required' }))
  })

  it('says what to do when the binding is missing', () => {
    const missing = undefined as unknown as typeof env.JOBS
    expect(() => durableObjectStore(missing)).toThrow(/wrangler\.jsonc/)
    expect(() => durableObjectStore(env.JOBS, { maxEvents: -1 })).toThrow(/maxEvents/)
    expect(() => durableObjectStore(env.JOBS, { maxEvent: 5 } as never)).toThrow('durableObjectStore: maxEvent is not an option')
    expect(() => jobRoutes(jobs, { ownr: () => 'ann' } as never)).toThrow('jobRoutes: ownr is not an option')
  })

  it.each([undefined, null, 'handler', [() => Response.json(1)], Response.json(1)])('says that %o is no handler', (handler) => {
    const message = 'respondAsync("no-handler") needs a name and a handler function'
    expect(() => respondAsync(jobs, 'no-handler', handler as never)).toThrow(expect.objectContaining({ code: 'invalid_option', message }))
  })
})
