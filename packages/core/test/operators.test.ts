import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { fileBlobs } from '../src/files'
import { type CapturedResponse, type Execution, isStream, type JobStore, type JobsOptions, memoryStore } from '../src/index'
import { type Caller, createService, gate, json, location, ok } from './service'

/** A store that says that it outlives its process: requests are stored for it. */
function durableStore(more: Partial<JobStore> = {}): JobStore {
  const store = memoryStore({ maxEvents: 20 })
  return { ...store, capabilities: { ...store.capabilities, durable: true }, ...more }
}
const durable = (more: JobsOptions<Caller> = {}) => createService({ store: durableStore(), owner: ({ user }) => user, ...more })

const CHUNK = 262_144
const pattern = (size: number) => Uint8Array.from({ length: size }, (_, at) => at % 251)
const upload = (bytes: Uint8Array) => async (_limit: number, _wanted: boolean, large?: { write(piece: Uint8Array): Promise<void> }) => {
  await large?.write(bytes)
  return null
}
async function bytesOf({ requestBody }: Execution): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  if (isStream(requestBody)) for await (const piece of requestBody) pieces.push(piece)
  return new Uint8Array(Buffer.concat(pieces))
}
const broken = async (): Promise<CapturedResponse> => {
  throw new Error('broken')
}
const idOf = (answer: Parameters<typeof location>[0]) => location(answer).slice('/jobs/'.length)
const over = (service: ReturnType<typeof durable>, id: string) =>
  vi.waitFor(async () => {
    const job = await service.jobs.get(id)
    expect(job?.finishedAt).toBeTypeOf('number')
    return job
  })
const notRetryable = (why: RegExp) => ({ code: 'not_retryable', message: expect.stringMatching(why) })

describe('retry', () => {
  test('makes a new job of the request of a failed one: operation, owner, request, carry and meta, no key, and at once', async () => {
    const service = durable()
    const { wrap, post, jobs } = service
    const seen: unknown[] = []
    let works = false
    wrap('report', { meta: { name: 'May' }, carry: ({ user }) => ({ user: `${user}` }), resultTtlMs: 60_000 }, async (execution) => {
      const { handle, request, requestBody } = execution
      seen.push([handle.id, handle.attempt, handle.meta, handle.carry, request?.url, request?.headers, request?.context, requestBody])
      return works ? ok('made') : broken()
    })
    const headers = { 'idempotency-key': 'k', 'content-type': 'text/plain' }
    const id = idOf(await post('report', { headers, body: 'in', user: 'ann', context: { params: ['5'] } }))
    const before = await over(service, id)
    expect(before).toMatchObject({ status: 'failed', request: { method: 'POST', url: '/report' } })
    expect((await jobs.list({ owner: 'ann' })).jobs).toHaveLength(1)
    works = true
    const again = await jobs.retry(id)
    expect(again).toMatchObject({ operation: 'report', owner: 'ann', retryOf: id, meta: { name: 'May' }, attempt: 0 })
    expect([again.id === id, again.idempotencyKey]).toEqual([false, undefined])
    expect(await over(service, again.id)).toMatchObject({ status: 'succeeded', retryOf: id, request: null })
    expect(seen).toEqual(
      [id, again.id].map((one) => [one, 1, { name: 'May' }, { user: 'ann' }, '/report', headers, { params: ['5'] }, 'in']),
    )
    expect(await jobs.get(id)).toEqual(before)
    // The key still stands for the old job.
    expect(location(await post('report', { headers, body: 'in', user: 'ann' }))).toBe(`/jobs/${id}`)
  })

  test('takes one that was canceled while it waited, and one that was canceled while it ran', async () => {
    const service = durable({ cancelGraceMs: 0 })
    const { wrap, post, jobs } = service
    const began = gate()
    let stays = true
    wrap('report', {}, ({ requestBody }) => {
      began.open()
      return stays ? new Promise(() => {}) : Promise.resolve(ok(requestBody))
    })
    wrap('later', { delayMs: 60_000 }, async ({ requestBody }) => ok(requestBody))
    const ran = idOf(await post('report', { body: 'ran' }))
    await began.opened
    const waited = idOf(await post('later', { body: 'waited' }))
    for (const id of [ran, waited]) {
      await jobs.cancel(id, 'not now')
      expect(await over(service, id)).toMatchObject({ status: 'canceled', error: { message: 'not now' } })
    }
    stays = false
    for (const [id, result] of [
      [ran, '"ran"'],
      [waited, '"waited"'],
    ] as const)
      expect(await over(service, (await jobs.retry(id)).id)).toMatchObject({ status: 'succeeded', result })
  })

  test('takes what jobs.submit made, also from memory', async () => {
    const service = createService()
    let works = false
    service.wrap('sum', {}, async ({ requestBody }) => (works ? ok(requestBody) : broken()))
    const { id } = await service.jobs.submit('sum', { a: 1 })
    await over(service, id)
    works = true
    expect(await over(service, (await service.jobs.retry(id)).id)).toMatchObject({ result: JSON.stringify('{"a":1}') })
  })

  test('is refused with the reason', async () => {
    let clock = Date.now()
    const service = durable({ now: () => clock })
    const { wrap, post, jobs } = service
    const go = gate()
    wrap('fine', {}, async () => ok(1))
    wrap('slow', {}, () => go.opened.then(() => ok(1)))
    wrap('broken', { resultTtlMs: 60_000 }, broken)
    wrap('private', { keepRequests: 'never' }, broken)
    const made = async (operation: string) => idOf(await post(operation, { body: 'in' }))
    await expect(jobs.retry('nobody')).rejects.toMatchObject(notRetryable(/it is unknown/))
    const slow = await made('slow')
    await expect(jobs.retry(slow)).rejects.toMatchObject(notRetryable(/it is (queued|running)/))
    go.open()
    await over(service, slow)
    await expect(jobs.retry(slow)).rejects.toMatchObject(notRetryable(/it is succeeded/))
    const secret = await made('private')
    expect(await over(service, secret)).toMatchObject({ status: 'failed', request: null })
    expect(await service.jobs.get(secret)).toMatchObject({ requestBody: null })
    await expect(jobs.retry(secret)).rejects.toMatchObject(notRetryable(/not kept/))
    const [purged, expired] = [await made('broken'), await made('broken')]
    await Promise.all([purged, expired].map((id) => over(service, id)))
    expect(await jobs.purge(purged)).toBe(true)
    await expect(jobs.retry(purged)).rejects.toMatchObject(notRetryable(/purged/))
    clock += 60_001 // and nobody has swept since
    await expect(jobs.retry(expired)).rejects.toMatchObject(notRetryable(/expired/))
    expect((await jobs.list({})).jobs.filter(({ retryOf }) => retryOf !== undefined)).toEqual([])
    await jobs.stop({ drainMs: 0 })
    await expect(jobs.retry(expired)).rejects.toMatchObject({ code: 'draining' })
  })

  test('is refused where the operation is not known', async () => {
    const store = durableStore()
    const service = durable({ store })
    service.wrap('report', {}, broken)
    const id = idOf(await service.post('report', { body: 'in' }))
    await over(service, id)
    await expect(durable({ store }).jobs.retry(id)).rejects.toMatchObject(notRetryable(/"report"/))
  })

  test('in memory an inline run stores no request, so there is none to keep', async () => {
    const service = createService()
    service.wrap('report', { retries: 1, backoffMs: 1 }, broken)
    const id = idOf(await service.post('report', { body: 'in' }))
    expect(await over(service, id)).toMatchObject({ status: 'failed', request: null, requestBody: null })
    await expect(service.jobs.retry(id)).rejects.toMatchObject(notRetryable(/not kept/))
  })
})

describe('retry of a large request', () => {
  async function withFiles(more: JobsOptions<Caller> = {}) {
    const directory = await mkdtemp(join(tmpdir(), 'operators-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    const blobs = fileBlobs(directory)
    const has = async (id: string, name = 'request') => (await blobs.read(id, name, 0)) !== null
    return { blobs, has, service: durable({ blobs, ...more }) }
  }
  const bytes = pattern(2 * CHUNK + 5)

  test('gives the new job a copy of its own: the old one may go', async () => {
    const { service, has } = await withFiles()
    const { wrap, accept, jobs } = service
    const go = gate()
    let works = false
    const got: Uint8Array[] = []
    wrap('copy', {}, async (execution) => {
      if (!works) return broken()
      await go.opened
      got.push(await bytesOf(execution))
      return ok(1)
    })
    const id = idOf(await accept('copy', upload(bytes)))
    await over(service, id)
    expect(await has(id)).toBe(true)
    works = true
    const again = await jobs.retry(id)
    expect(await jobs.purge(id)).toBe(true)
    expect(await has(id)).toBe(false)
    go.open()
    expect(await over(service, again.id)).toMatchObject({ status: 'succeeded' })
    expect(got).toEqual([bytes])
    await vi.waitFor(async () => expect(await has(again.id)).toBe(false)) // it has succeeded
  })

  test('keeps the request beside a large response of the failed job, and beside none', async () => {
    const { service, has } = await withFiles()
    service.wrap('copy', {}, async ({ sink }) => {
      await sink?.write(pattern(CHUNK + 1))
      return { status: 500, headers: {}, body: null }
    })
    service.wrap('throws', {}, async ({ sink }) => {
      await sink?.write(pattern(CHUNK + 1))
      return broken()
    })
    const both = idOf(await service.accept('copy', upload(bytes)))
    await over(service, both)
    const one = idOf(await service.accept('throws', upload(bytes)))
    await over(service, one)
    await vi.waitFor(async () => expect(await has(one, 'response-1')).toBe(false))
    expect([await has(both), await has(both, 'response-1'), await has(one)]).toEqual([true, true, true])
  })

  test('with keepRequests: "never" the body goes with the end of the job, however it ends', async () => {
    let clock = Date.now()
    const { service, has } = await withFiles({ defaults: { keepRequests: 'never' }, now: () => clock, leaseMs: 1_000 })
    const { wrap, accept, jobs } = service
    wrap('throws', {}, broken)
    wrap('later', { delayMs: 60_000 }, broken)
    const failed = idOf(await accept('throws', upload(bytes)))
    const canceled = idOf(await accept('later', upload(bytes)))
    expect(await has(canceled)).toBe(true)
    await jobs.cancel(canceled)
    await vi.waitFor(async () => expect([await has(failed), await has(canceled)]).toEqual([false, false]))
    clock += 1
    expect(await jobs.get(canceled)).toMatchObject({ status: 'canceled', request: null })
  })

  test('a body that has gone meanwhile is told, and what was copied of it is taken back', async () => {
    const { service, blobs } = await withFiles({ newId: () => `job-${++made}` })
    let made = 0
    service.wrap('copy', {}, broken)
    const id = idOf(await service.accept('copy', upload(bytes)))
    await over(service, id)
    await blobs.remove(id)
    await blobs.write(id, 'request', 0, bytes.subarray(0, CHUNK))
    await expect(service.jobs.retry(id)).rejects.toMatchObject(notRetryable(/is gone/))
    expect(await blobs.read('job-2', 'request', 0)).toBeNull()
    expect(made).toBe(2)
  })
})

describe('list', () => {
  const three = async (service: ReturnType<typeof durable>) => {
    service.wrap('report', {}, async () => ok(1))
    for (const user of ['ann', 'bob', undefined]) await over(service, idOf(await service.post('report', { user })))
  }

  test('without an owner gives the jobs of all, with null those of nobody', async () => {
    const service = durable()
    await three(service)
    const owners = async (query: { owner?: string | null }) => (await service.jobs.list(query)).jobs.map(({ owner }) => owner)
    expect((await owners({})).sort()).toEqual(['ann', 'bob', null])
    expect(await owners({ owner: 'ann' })).toEqual(['ann'])
    expect(await owners({ owner: null })).toEqual([null])
  })

  test('gives twenty where no limit is given, and from where to go on', async () => {
    const service = durable()
    service.wrap('report', {}, async () => ok(1))
    for (let count = 0; count < 21; count++) await service.jobs.submit('report', count)
    const { jobs, cursor } = await service.jobs.list({})
    expect(jobs).toHaveLength(20)
    expect((await service.jobs.list({ cursor })).jobs).toHaveLength(1)
  })

  test('is refused where the store cannot', async () => {
    const store = durableStore()
    const service = durable({ store: { ...store, capabilities: { ...store.capabilities, listAll: false } } })
    await three(service)
    await expect(service.jobs.list({})).rejects.toMatchObject({ code: 'invalid_option' })
    expect((await service.jobs.list({ owner: 'ann' })).jobs).toHaveLength(1)
  })

  test.each([
    [{ ownr: 'ann' }, /list: ownr is not an option; options are owner, status/],
    [{ owner: 7 }, /owner must be of type string or null, not 7/],
    [{ owner: 'ann', status: 'done' }, /status must be of queued,running,succeeded,failed,canceled, not "done"/],
    [{ owner: 'ann', status: ['failed', 'toString'] }, /status/],
    [{ owner: 'ann', limit: 0 }, /limit must be a whole number from 1 to 1000, not 0/],
  ])('refuses %j, and lists nobody’s jobs', async (query, why) => {
    const service = durable()
    await three(service)
    await expect(service.jobs.list(query as object)).rejects.toMatchObject({ code: 'invalid_option', message: expect.stringMatching(why) })
  })

  test('over HTTP is one owner’s, whoever asks and however', async () => {
    const service = durable({ owner: ({ user }) => (user === 'nobody' ? undefined : user) })
    await three(service)
    for (const query of ['', '?owner=', '?owner=bob', '?owner=undefined', '?all=1&limit=100']) {
      for (const user of [undefined, '', 'nobody'])
        expect(await service.send('GET', `/jobs${query}`, { ...(user !== undefined && { 'x-user': user }) })).toMatchObject({ status: 404 })
      const answer = await service.send('GET', `/jobs${query}`, { 'x-user': 'ann' })
      const { jobs } = json(answer) as { jobs: unknown[] }
      expect([answer?.status, jobs.length]).toEqual([200, 1])
    }
  })
})

describe('history', () => {
  test('is what happened, oldest first, from any version on', async () => {
    const service = durable()
    service.wrap('report', {}, broken)
    const id = idOf(await service.post('report'))
    await over(service, id)
    const all = await service.jobs.history(id)
    expect(all?.events.map(({ type, status, code }) => [type, status, code])).toEqual([
      ['insert', 'running', undefined],
      ['fail', 'failed', 'handler_failed'],
    ])
    expect(all?.truncated).toBe(false)
    expect(await service.jobs.history(id, all?.events[0]?.version)).toEqual({ events: all?.events.slice(1), truncated: false })
  })

  test('is null for an unknown job, and where the store keeps none', async () => {
    const service = createService()
    service.wrap('report', {}, broken)
    expect(await durable().jobs.history('nobody')).toBeNull()
    expect(await service.jobs.history(idOf(await service.post('report')))).toBeNull()
  })
})

describe('purge', () => {
  test('takes a finished job as DELETE does: 410 after it, and false when there is nothing to take', async () => {
    const service = durable()
    service.wrap('report', {}, broken)
    const answer = await service.post('report', { body: 'in' })
    const id = idOf(answer)
    await over(service, id)
    expect(await service.jobs.purge(id)).toBe(true)
    expect(await service.send('GET', location(answer))).toMatchObject({ status: 410 })
    expect(await service.jobs.get(id)).toMatchObject({ request: null, requestBody: null, goneAt: expect.any(Number) })
    expect([await service.jobs.purge(id), await service.jobs.purge('nobody')]).toEqual([false, false])
  })

  test('is refused for an unfinished one', async () => {
    const service = durable()
    service.wrap('report', {}, () => new Promise(() => {}))
    const id = idOf(await service.post('report'))
    await expect(service.jobs.purge(id)).rejects.toMatchObject({ code: 'not_finished', message: expect.stringContaining(id) })
    expect(await service.jobs.get(id)).toMatchObject({ status: 'running' })
  })
})
