import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createJobs, type JobHandle, type Jobs, type JobsOptions, memoryStore, type WebhookOption } from '@respond-async/core'
import { respondAsync } from '@respond-async/core/fetch'
import { sqliteStore } from '@respond-async/store-sqlite'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { verifyWebhook, webhooks } from '../src/index'
import { OTHER_SECRET, type Receiver, SECRET, startReceiver } from './receiver'

const kept = <T extends { close(): Promise<unknown> }>(one: T): T => {
  onTestFinished(async () => void (await one.close()))
  return one
}

type Work = (job: JobHandle) => Response | Promise<Response>
interface Setting extends JobsOptions<Request> {
  webhook: WebhookOption<Request>
  work?: Work
  secrets?: readonly string[]
  allow: readonly string[]
  retryMs?: readonly number[]
}

/** Jobs with one operation whose end is told, and a clock that moves when it is told to. */
function service({ webhook, work = () => Response.json({ rows: 7 }), secrets = [SECRET], allow, retryMs, ...options }: Setting) {
  const clock = { now: Date.now() }
  const jobs = createJobs<Request>({
    now: () => clock.now,
    random: () => 0.5, // no jitter
    sweepMs: 0,
    webhooks: webhooks({ secrets, allow, ...(retryMs && { retryMs }) }),
    ...options,
  })
  onTestFinished(() => jobs.stop({ drainMs: 1_000 }))
  const handler = respondAsync(jobs, { operation: 'report', webhook }, (request) => work(request.job))
  const submit = async (headers: Record<string, string> = {}) => {
    const answer = await handler(new Request('http://localhost/reports', { method: 'POST', headers }))
    return { answer, id: answer.headers.get('location')?.split('/').at(-1) ?? '' }
  }
  return { jobs, clock, submit }
}

const logOf = async (jobs: Jobs<Request>, id: string) => (await jobs.get(id))?.webhook?.log ?? []
/** Until the outcome of so many tries is on the record. */
const logged = (jobs: Jobs<Request>, id: string, count: number) =>
  vi.waitFor(async () => expect(await logOf(jobs, id)).toHaveLength(count), { interval: 10 })

describe('a message', () => {
  it('is signed as in Standard Webhooks and carries the document', async () => {
    const receiver = kept(await startReceiver())
    const { jobs, submit } = service({ webhook: receiver.url, allow: [receiver.origin], baseUrl: 'https://api.example.com' })
    const { id } = await submit()
    await receiver.until(1)
    const [{ method, path, headers, body }] = receiver.arrived as [Receiver['arrived'][0]]
    expect([method, path, headers['content-type']]).toEqual(['POST', '/hooks?from=jobs', 'application/json'])
    expect(headers['webhook-id']).toBe(`msg_${id}`)
    const event = new Webhook(SECRET).verify(body, headers as Record<string, string>)
    expect(event).toEqual({
      type: 'job.succeeded',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      data: expect.objectContaining({ id, operation: 'report', status: 'succeeded', result: { rows: 7 } }),
    })
    expect(event).toHaveProperty('data.links.self', `https://api.example.com/jobs/${id}`)
    expect(await verifyWebhook({ headers, body }, SECRET)).toMatchObject({ id: `msg_${id}`, type: 'job.succeeded', data: { id } })
    expect(await verifyWebhook({ headers, body: new TextEncoder().encode(body) }, SECRET)).toMatchObject({ id: `msg_${id}` })
    await logged(jobs, id, 1)
    const { webhook, dueAt, expiresAt } = (await jobs.get(id)) ?? {}
    expect(webhook).toMatchObject({ attempts: 1, log: [{ attempt: 1, status: 204 }] })
    expect(webhook).not.toHaveProperty('nextAt', expect.anything())
    expect(dueAt).toBe(expiresAt)
  })

  it('is signed with every secret while they are changed', async () => {
    const receiver = kept(await startReceiver())
    const { submit } = service({ webhook: receiver.url, allow: [receiver.origin], secrets: [OTHER_SECRET, SECRET] })
    await submit()
    await receiver.until(1)
    const [{ headers, body }] = receiver.arrived as [Receiver['arrived'][0]]
    for (const secret of [SECRET, OTHER_SECRET])
      expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({ type: 'job.succeeded' })
  })

  it('changes nothing that clients see', async () => {
    const receiver = kept(await startReceiver())
    const { jobs, submit } = service({ webhook: receiver.url, allow: [receiver.origin] })
    const { id } = await submit()
    await logged(jobs, id, 1)
    const job = await jobs.get(id)
    expect([job?.revision, job?.version]).toEqual([2, 5]) // queued and succeeded; inserted as running, succeeded, a try begun and ended
  })
})

describe('which ends are told', () => {
  it.each([
    ['job.succeeded', () => Response.json({})],
    ['job.failed', () => Response.json({}, { status: 500 })],
    ['job.failed', () => Promise.reject(new Error('secret'))],
  ] as const)('%s', async (type, work) => {
    const receiver = kept(await startReceiver())
    const { submit } = service({ webhook: receiver.url, allow: [receiver.origin], work, onError() {} })
    await submit()
    await receiver.until(1)
    expect(JSON.parse(receiver.arrived[0]?.body ?? '')).toMatchObject({ type })
    expect(receiver.arrived[0]?.body).not.toContain('secret')
  })

  it('job.canceled', async () => {
    const receiver = kept(await startReceiver())
    let begun = () => {}
    const running = new Promise<void>((resolve) => {
      begun = resolve
    })
    const work: Work = async ({ signal }) => {
      const aborted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      begun()
      return aborted
    }
    const { jobs, submit } = service({ webhook: receiver.url, allow: [receiver.origin], work })
    const { id } = await submit()
    await running
    await jobs.cancel(id)
    await receiver.until(1)
    expect(JSON.parse(receiver.arrived[0]?.body ?? '')).toMatchObject({ type: 'job.canceled' })
  })

  it('only those that were asked for', async () => {
    const receiver = kept(await startReceiver())
    const webhook = { url: receiver.url, events: ['job.failed'] } as const
    const status = { now: 200 }
    const work = () => Response.json({}, { status: status.now })
    const { jobs, submit } = service({ webhook, allow: [receiver.origin], work })
    const good = await submit()
    await vi.waitFor(async () => expect((await jobs.get(good.id))?.status).toBe('succeeded'))
    status.now = 422
    const bad = await submit()
    await logged(jobs, bad.id, 1)
    expect(receiver.arrived.map(({ body }) => JSON.parse(body).data.id)).toEqual([bad.id])
  })

  it('to the URL that the request names, where the route takes one', async () => {
    const receiver = kept(await startReceiver())
    const { submit } = service({ webhook: { fromRequest: true }, allow: [receiver.origin] })
    const { answer } = await submit({ prefer: `respond-async, callback; url="${receiver.origin}/mine"` })
    expect([answer.status, answer.headers.get('preference-applied')]).toEqual([202, 'respond-async, callback'])
    await receiver.until(1)
    expect(receiver.arrived[0]?.path).toBe('/mine')
  })

  it('a URL in the request is ignored where the route takes none', async () => {
    const receiver = kept(await startReceiver())
    const { submit } = service({ webhook: receiver.url, allow: [receiver.origin] })
    const { answer } = await submit({ prefer: `callback; url="${receiver.origin}/mine"` })
    expect([answer.status, answer.headers.get('preference-applied')]).toEqual([202, null])
    await receiver.until(1)
    expect(receiver.arrived[0]?.path).toBe('/hooks?from=jobs')
  })

  it.each([
    ['finds nothing', () => null],
    ['leaves it to requests', { fromRequest: true }],
  ])('nobody is told where the route %s', async (_, webhook) => {
    const { jobs, submit } = service({ webhook, allow: [] })
    const { answer, id } = await submit()
    expect([answer.status, (await jobs.get(id))?.webhook]).toEqual([202, undefined])
  })

  it('a target that is refused refuses the request, and nothing is stored', async () => {
    const store = memoryStore()
    const { submit } = service({ webhook: { fromRequest: true }, allow: [], store, owner: () => 'me' })
    const { answer } = await submit({ prefer: 'callback; url="https://169.254.169.254/latest/meta-data"' })
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'webhook-refused', detail: 'It must have a public address.' }])
    expect((await store.list?.({ owner: 'me', limit: 10 }))?.jobs).toEqual([])
  })
})

describe('tries', () => {
  it('follow the schedule, with the same id, until the receiver takes it', async () => {
    const receiver = kept(await startReceiver((res, count) => void res.writeHead(count < 3 ? 503 : 200).end()))
    const { jobs, clock, submit } = service({ webhook: receiver.url, allow: [receiver.origin], retryMs: [1_000, 60_000] })
    const { id } = await submit()
    await logged(jobs, id, 1)
    expect((await jobs.get(id))?.webhook?.nextAt).toBe(clock.now + 1_000)
    await jobs.sweep()
    expect(receiver.arrived).toHaveLength(1) // not yet
    clock.now += 1_000
    await jobs.sweep()
    await logged(jobs, id, 2)
    expect((await jobs.get(id))?.dueAt).toBe(clock.now + 60_000)
    clock.now += 60_000
    await jobs.sweep()
    await logged(jobs, id, 3)
    expect(await logOf(jobs, id)).toMatchObject([{ status: 503 }, { status: 503 }, { status: 200 }])
    expect(new Set(receiver.arrived.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([`msg_${id}`]))
    clock.now += 3_600_000
    await jobs.sweep()
    expect(receiver.arrived).toHaveLength(3)
  })

  it('end with the schedule', async () => {
    const receiver = kept(await startReceiver((res) => void res.writeHead(500).end()))
    const { jobs, clock, submit } = service({ webhook: receiver.url, allow: [receiver.origin], retryMs: [1_000] })
    const { id } = await submit()
    await logged(jobs, id, 1)
    clock.now += 1_000
    await jobs.sweep()
    await logged(jobs, id, 2)
    const { webhook, dueAt, expiresAt } = (await jobs.get(id)) ?? {}
    expect([webhook?.nextAt, dueAt]).toEqual([undefined, expiresAt])
  })

  it('end at a 410, and wait for as long as the receiver says', async () => {
    const receiver = kept(
      await startReceiver((res, count) => void (count === 1 ? res.writeHead(429, { 'retry-after': '90' }) : res.writeHead(410)).end()),
    )
    const { jobs, clock, submit } = service({ webhook: receiver.url, allow: [receiver.origin], retryMs: [1_000, 1_000, 1_000] })
    const { id } = await submit()
    await logged(jobs, id, 1)
    expect((await jobs.get(id))?.webhook?.nextAt).toBe(clock.now + 90_000)
    clock.now += 90_000
    await jobs.sweep()
    await logged(jobs, id, 2)
    expect((await jobs.get(id))?.webhook?.nextAt).toBeUndefined()
  })

  it('never come after the job has expired or was purged', async () => {
    const receiver = kept(await startReceiver((res) => void res.writeHead(500).end()))
    const { jobs, clock, submit } = service({
      ...{ webhook: receiver.url, allow: [receiver.origin], retryMs: [1_000, 1_000] },
      defaults: { resultTtlMs: 500 },
    })
    const { id } = await submit()
    await logged(jobs, id, 1)
    expect((await jobs.get(id))?.webhook?.nextAt).toBeUndefined()
    clock.now += 500
    await jobs.sweep()
    expect((await jobs.get(id))?.goneAt).toBe(clock.now)
    expect(receiver.arrived).toHaveLength(1)
  })

  it('do not put off that the job expires, and find it gone without an error', async () => {
    const held: (() => void)[] = []
    const receiver = kept(await startReceiver((res) => void held.push(() => res.writeHead(204).end())))
    const onError = vi.fn()
    const { jobs, clock, submit } = service({
      ...{ webhook: receiver.url, allow: [receiver.origin], onError },
      defaults: { resultTtlMs: 500 },
    })
    const { id } = await submit()
    await receiver.until(1)
    clock.now += 500
    await jobs.sweep()
    expect(await jobs.get(id)).toMatchObject({ goneAt: clock.now })
    held[0]?.()
    await jobs.stop()
    expect(onError).not.toHaveBeenCalled()
  })

  it('are kept to the last twenty', async () => {
    const receiver = kept(await startReceiver((res) => void res.writeHead(500).end()))
    const retryMs = Array<number>(21).fill(0)
    const { jobs, clock, submit } = service({ webhook: receiver.url, allow: [receiver.origin], retryMs })
    const { id } = await submit()
    for (let attempt = 1; attempt <= 22; attempt++) {
      await vi.waitFor(async () => expect((await logOf(jobs, id)).at(-1)).toMatchObject({ attempt }), { interval: 5 })
      clock.now += 1
      await jobs.sweep()
    }
    expect((await logOf(jobs, id)).map(({ attempt }) => attempt)).toEqual(Array.from({ length: 20 }, (_, at) => at + 3))
  })

  it('are written down when there was no answer', async () => {
    const gone = await startReceiver()
    await gone.close()
    const { jobs, submit } = service({ webhook: gone.url, allow: [gone.origin] })
    const { id } = await submit()
    await logged(jobs, id, 1)
    expect(await logOf(jobs, id)).toMatchObject([{ attempt: 1, error: expect.stringContaining('ECONNREFUSED') }])
  })
})

describe('two instances and one file', () => {
  it('send each message once; when one dies, the other sends what is left', async () => {
    const receiver = kept(await startReceiver())
    const folder = mkdtempSync(join(tmpdir(), 'webhooks-'))
    onTestFinished(async () => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'jobs.db')
    const setting = { webhook: receiver.url, allow: [receiver.origin] }
    const first = service({ ...setting, store: kept({ ...sqliteStore({ path }) } as never) })
    const second = service({ ...setting, store: kept({ ...sqliteStore({ path }) } as never) })
    const { id } = await first.submit()
    await Promise.all([first.jobs.sweep(), second.jobs.sweep()])
    await logged(second.jobs, id, 1)
    expect(receiver.arrived).toHaveLength(1)

    // As it is left by a process that was killed once the job had ended: owed, and nobody on it.
    const store = sqliteStore({ path })
    const job = await store.get(id)
    if (!job?.webhook) throw new Error('no webhook')
    const owed = { ...job.webhook, attempts: 0, nextAt: second.clock.now - 1, log: [] }
    await store.replace({ ...job, version: job.version + 1, webhook: owed, dueAt: owed.nextAt })
    await store.close?.()
    await Promise.all([first.jobs.sweep(), second.jobs.sweep()])
    await receiver.until(2)
    await logged(first.jobs, id, 1)
    expect(receiver.arrived).toHaveLength(2)
  })
})

it('a process that stops waits for the message that is on its way', async () => {
  const held: (() => void)[] = []
  const receiver = kept(await startReceiver((res) => void held.push(() => res.writeHead(204).end())))
  const { jobs, submit } = service({ webhook: receiver.url, allow: [receiver.origin] })
  const { id } = await submit()
  await receiver.until(1)
  const stopping = jobs.stop({ drainMs: 5_000 })
  held[0]?.()
  await stopping
  expect(await logOf(jobs, id)).toMatchObject([{ status: 204 }])
})

describe('set-up', () => {
  const sender = webhooks({ secrets: [SECRET] })
  it.each([
    [
      'a route without a sender',
      () => respondAsync(createJobs(), { operation: 'a', webhook: 'https://example.com/' }, () => new Response()),
    ],
    [
      'an http URL',
      () => respondAsync(createJobs({ webhooks: sender }), { operation: 'a', webhook: 'http://a.com' }, () => new Response()),
    ],
    [
      'an event that does not exist',
      () =>
        respondAsync(
          createJobs({ webhooks: sender }),
          { operation: 'a', webhook: { url: 'https://a.com', events: ['job.done' as never] } },
          () => new Response(),
        ),
    ],
    ['no secret', () => webhooks({ secrets: [] })],
    ['a secret that is too short', () => webhooks({ secrets: ['whsec_c2hvcnQ='] })],
    ['a secret that is too long', () => webhooks({ secrets: [`whsec_${btoa('x'.repeat(65))}`] })],
    ['a secret that is none', () => webhooks({ secrets: ['password'] })],
    ['an origin with a path', () => webhooks({ secrets: [SECRET], allow: ['http://localhost:8080/'] })],
    ['an origin that is none', () => webhooks({ secrets: [SECRET], allow: ['localhost'] })],
    ['a pause that is none', () => webhooks({ secrets: [SECRET], retryMs: [5_000, -1] })],
    ['a time limit out of bounds', () => webhooks({ secrets: [SECRET], timeoutMs: 50 })],
    ['an option that there is not', () => webhooks({ secrets: [SECRET], retryMS: [] } as never)],
    ['a secret that is in no list', () => webhooks({ secrets: SECRET as never })],
    ['an origin that is in no list', () => webhooks({ secrets: [SECRET], allow: 'http://localhost:8080' as never })],
    ['a pause that is in no list', () => webhooks({ secrets: [SECRET], retryMs: 5_000 as never })],
    ['nothing at all', () => webhooks(undefined as never)],
  ])('%s is refused with a sentence', (_, setUp) => {
    expect(setUp).toThrow(expect.objectContaining({ code: 'invalid_option', message: expect.stringMatching(/\w{3,} .*\w{3,}/) }))
  })

  it.each([undefined, SECRET, [SECRET], { secret: SECRET }])('%o is answered with where the secrets go', (options) => {
    expect(() => webhooks(options as never)).toThrow("webhooks: give it at least one secret, { secrets: ['whsec_…'] }")
  })
})

describe('what cannot be verified says why', () => {
  const at = new Date()
  const body = '{"type":"job.succeeded"}'
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': `${Math.floor(at.getTime() / 1000)}`,
    'webhook-signature': new Webhook(SECRET).sign('msg_1', at, body),
  }
  it.each<[string, unknown, string | string[], RegExp]>([
    ['a body that a parser has had', { type: 'job.succeeded' }, SECRET, /body as it came/],
    ['a body that nobody has read', undefined, SECRET, /body as it came/],
    ['no secret', body, [], /no secret/],
    ['a secret that is not set', body, '', /[Ss]ecret/],
    ['another secret', body, `whsec_${btoa('x'.repeat(32))}`, /signature/],
  ])('%s', async (_, given, secrets, why) => {
    const verified = verifyWebhook({ headers, body: given as string }, secrets)
    await expect(verified).rejects.toThrow(
      expect.objectContaining({ name: 'WebhookError', code: 'unverified', message: expect.stringMatching(why) }),
    )
  })
})
