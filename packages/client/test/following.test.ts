import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type ClientOptions, createClient, resume, submit } from '../src/index'
import { type Answer, all, closeServers, quickClock, type Script, serve } from './server'

afterEach(closeServers)

const running = (percentComplete: number, headers: Record<string, string> = {}): Answer => [
  202,
  headers,
  { id: '1', operation: 'report', status: 'running', percentComplete, links: { self: '/jobs/1' } },
]
const done: Answer = [200, {}, { status: 'succeeded', result: { ok: true } }]

/** A job whose polls are answered like this, on a clock without pauses. */
async function jobOf(polls: Script, options: ClientOptions = {}) {
  const server = await serve(polls)
  const { pauses, options: clock } = quickClock()
  return {
    server,
    pauses,
    polls: () => server.of('GET /jobs/1'),
    job: createClient({ ...clock, ...options }).resume(`${server.url}/jobs/1`),
  }
}

describe('the next poll', () => {
  test('after a lost connection comes soon, later each time, whatever pause an answer before advised', async () => {
    const { job, pauses } = await jobOf((_, at, res) => {
      if (at === 1) return running(1, { 'retry-after': '50' })
      return at < 5 ? void res.destroy() : done
    })
    await job.finished()
    expect(pauses).toEqual([50_000, 500, 1_000, 2_000])
  })

  test('after one that was held comes soon, with jitter', async () => {
    const { job, pauses } = await jobOf(
      ({ headers }, at) => (at < 3 ? running(at, { etag: `"${at}"`, ...(headers.prefer && { 'preference-applied': 'wait=20' }) }) : done),
      { random: () => 0.5, minPollMs: 100 },
    )
    await job.finished()
    expect(pauses[1]).toBe(150)
  })

  test('after one that is only said to have been held, since nothing has changed at once, comes as late as any other', async () => {
    const held = { etag: '"1"', 'preference-applied': 'wait=20' }
    let now = 0
    let holdMs = 0
    const answer: Script = (_, at) => {
      now += holdMs
      return at === 1 ? running(1, held) : at < 4 ? [304, held] : done
    }
    const claimed = await jobOf(answer, { now: () => now })
    await claimed.job.finished()
    expect(claimed.pauses).toEqual([1_000, 1_500, 2_250])
    holdMs = 15_000
    const kept = await jobOf(answer, { now: () => now })
    await kept.job.finished()
    expect(kept.pauses).toEqual([1_000, 250, 250])
  })

  test('after one that was lost has all of its jitter', async () => {
    const { job, pauses } = await jobOf((_, at, res) => (at < 3 ? void res.destroy() : done), { random: () => 1 })
    await job.finished()
    expect(pauses).toEqual([1_200, 2_400])
  })

  test('after one that was held, said in capitals, comes soon, too', async () => {
    const { job, pauses } = await jobOf(
      ({ headers }, at) => (at < 3 ? running(at, { etag: `"${at}"`, ...(headers.prefer && { 'preference-applied': 'WAIT=20' }) }) : done),
      { minPollMs: 100 },
    )
    await job.finished()
    expect(pauses[1]).toBe(100)
  })

  test('asks as it must, whatever the header fields of the client say', async () => {
    const { job, polls } = await jobOf((_, at) => (at < 2 ? running(at, { etag: '"1"' }) : done), {
      headers: { accept: 'application/pdf', prefer: 'return=minimal', 'if-none-match': '"0"' },
    })
    await job.finished()
    const [, second] = polls()
    expect(second?.headers).toMatchObject({ accept: 'application/json, */*;q=0.5', prefer: 'wait=20', 'if-none-match': '"1"' })
  })

  test('is not held with waitSeconds: 0', async () => {
    const { job, polls } = await jobOf((_, at) => (at < 3 ? running(at, { etag: `"${at}"` }) : done), { waitSeconds: 0 })
    await job.finished()
    expect(polls().map(({ headers }) => headers.prefer)).toEqual([undefined, undefined, undefined])
  })

  test('asks for whole seconds', async () => {
    const { job, polls } = await jobOf((_, at) => (at < 2 ? running(at, { etag: '"1"' }) : done), { waitSeconds: 2.5 })
    await job.finished()
    expect(polls().map(({ headers }) => headers.prefer)).toEqual([undefined, 'wait=2'])
  })

  test('sends no ETag that an answer without one has replaced', async () => {
    const { job, polls } = await jobOf((_, at) => (at < 3 ? running(at, at === 1 ? { etag: '"1"' } : {}) : done))
    await job.finished()
    expect(polls().map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"', undefined])
  })
})

test('outside of a page the polls of any number of jobs are held', async () => {
  const held: (() => void)[] = []
  const server = await serve(({ headers }, _, res) => {
    if (!headers.prefer) return running(1, { etag: '"1"' })
    held.push(() => res.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"succeeded"}'))
    if (held.length === 6) for (const answer of held) answer()
    return undefined
  })
  const client = createClient({ minPollMs: 50 })
  const all = await Promise.all(Array.from({ length: 6 }, (_, at) => client.resume(`${server.url}/jobs/${at}`).finished()))
  expect(all.map(({ status }) => status)).toEqual(Array(6).fill('succeeded'))
})

test('a poll may be held for longer than an answer may take', async () => {
  let isCutOff = false
  const server = await serve(({ headers }, _, res) => {
    if (!headers.prefer) return running(1, { etag: '"1"' })
    res.on('close', () => {
      isCutOff ||= !res.writableFinished
    })
    setTimeout(() => res.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"succeeded"}'), 1_000)
    return undefined
  })
  await createClient({ requestTimeoutMs: 500, minPollMs: 50 }).resume(`${server.url}/jobs/1`).finished()
  expect(isCutOff).toBe(false)
})

test('header fields of a client with a baseUrl go nowhere else, even where a job is submitted or resumed', async () => {
  const home = await serve(() => [200, {}, 'ok'])
  const other = await serve(({ method }) => (method === 'POST' ? [202, { location: '/jobs/1' }] : done))
  const client = createClient({ ...quickClock().options, baseUrl: home.url, headers: { authorization: 'Bearer secret' } })
  await (await client.submit(`${other.url}/reports`)).finished()
  await client.resume(`${other.url}/jobs/1`).finished()
  await (await client.submit('/reports')).finished()
  expect(other.asked.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined, undefined])
  expect(home.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer secret'])
})

test('header fields of a client without a baseUrl go where a job is submitted, from a page of another origin too', async () => {
  const page = await serve(() => done)
  const server = await serve(() => [202, { location: `${page.url}/jobs/1` }])
  vi.stubGlobal('location', { href: page.url })
  const client = createClient({ ...quickClock().options, headers: { authorization: 'Bearer secret' } })
  vi.unstubAllGlobals()
  await (await client.submit(server.url)).finished()
  expect([server, page].map(({ asked }) => asked.map(({ headers }) => headers.authorization))).toEqual([['Bearer secret'], [undefined]])
})

test('header fields from a function are asked for before each request, and sent to trusted origins, however those are written', async () => {
  const other = await serve(() => done)
  const home = await serve(() => [202, { location: `${other.url}/jobs/1` }])
  let asked = 0
  const headers = async () => ({ authorization: `Bearer ${++asked}` })
  const client = createClient({ ...quickClock().options, baseUrl: home.url, headers, trustedOrigins: [`${other.url}/jobs/`] })
  await (await client.submit('/reports')).finished()
  expect([home, other].map((server) => server.asked.map(({ headers }) => headers.authorization))).toEqual([['Bearer 1'], ['Bearer 2']])
})

describe('header fields from a function that throws', () => {
  const lost = new Error('The session is over.')
  const refused = { code: 'invalid_option', message: 'Error: The session is over.', cause: lost }
  /** A client whose function does this at each call, counted from 1. */
  const clientWith = (make: (at: number) => void, options: ClientOptions = {}) => {
    const { pauses, options: clock } = quickClock()
    let calls = 0
    const headers = async () => {
      make(++calls)
      return { authorization: `Bearer ${calls}` }
    }
    return { client: createClient({ ...clock, ...options, headers }), pauses, calls: () => calls }
  }
  const fail = () => {
    throw lost
  }

  test('at the first request are an error of the caller: of a submission, of following, of a cancel', async () => {
    const server = await serve(() => done)
    const { client, pauses } = clientWith(fail)
    await expect(client.submit(server.url)).rejects.toMatchObject(refused)
    const job = client.resume(`${server.url}/jobs/1`)
    await expect(job.finished()).rejects.toMatchObject(refused)
    expect(job.error).toMatchObject(refused)
    await expect(client.resume(`${server.url}/jobs/1`).cancel()).rejects.toMatchObject(refused)
    expect([server.asked, pauses]).toEqual([[], []])
  })

  test('later may be a network that is away, and are waited out', async () => {
    const server = await serve(({ method }, at) => (method === 'POST' ? [202, { location: '/jobs/1' }] : at < 3 ? running(at) : done))
    const { client, pauses } = clientWith((at) => [2, 3, 4, 5, 6, 8, 9].includes(at) && fail())
    await (await client.submit(server.url)).finished()
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer 1', 'Bearer 7', 'Bearer 10', 'Bearer 11'])
    expect(pauses.slice(1, 6)).toEqual([500, 1_000, 2_000, 4_000, 8_000])
  })

  test('but not for ever: what is thrown again and again is what following ends with', async () => {
    const server = await serve(({ method }) => (method === 'POST' ? [202, { location: '/jobs/1' }] : done))
    const { client, calls } = clientWith((at) => at > 1 && fail())
    const job = await client.submit(server.url)
    await expect(job.result()).rejects.toMatchObject(refused)
    expect([server.asked.length, calls()]).toEqual([1, 7])
  })

  test('in front of events or a result end the following, too', async () => {
    const events = { status: 'running', links: { events: '/events' } }
    const server = await serve(({ method }) => (method === 'POST' ? [202, { location: '/jobs/1' }, events] : [500]))
    const { client } = clientWith((at) => at > 1 && fail())
    await expect((await client.submit(server.url)).finished()).rejects.toMatchObject(refused)
    const over = await serve(() => [200, {}, { status: 'succeeded', links: { result: '/r' } }])
    await expect(
      clientWith((at) => at > 1 && fail())
        .client.resume(over.url)
        .result(),
    ).rejects.toMatchObject(refused)
    const live = await serve(() => [200, {}, { status: 'running', links: { stream: '/s' } }])
    await expect(
      clientWith((at) => at > 1 && fail())
        .client.resume(live.url)
        .stream(),
    ).rejects.toMatchObject(refused)
  })
})

test('a listener that throws keeps no other from being called, and its error is reported', async () => {
  const { job } = await jobOf(() => done)
  const reported: unknown[] = []
  const report = (error: unknown) => void reported.push(error)
  process.on('unhandledRejection', report)
  onTestFinished(() => void process.off('unhandledRejection', report))
  const reason = new Error('rendered wrongly')
  job.subscribe(() => {
    throw reason
  })
  expect((await job.finished()).status).toBe('succeeded')
  await new Promise(setImmediate)
  expect(reported).toEqual([reason])
})

test('what fetch takes besides goes with each request to where the job was submitted', async () => {
  const elsewhere = await serve(() => [200, {}, 'result'])
  const server = await serve(({ method }) =>
    method === 'POST' ? [202, { location: '/jobs/1' }] : [200, {}, { status: 'succeeded', links: { result: `${elsewhere.url}/r` } }],
  )
  const sent: unknown[] = []
  const client = createClient({
    ...quickClock().options,
    fetch: (url, { method, cache, priority, referrerPolicy, credentials, body, redirect }: RequestInit = {}) => {
      sent.push({ cache, priority, referrerPolicy, credentials, body, redirect })
      return fetch(url, { method })
    },
  })
  const init = { cache: 'no-store', priority: 'low', referrerPolicy: 'origin', credentials: 'include' } as const
  await (await client.submit(server.url, { ...init, body: 'a' })).result()
  const given = { ...init, redirect: 'manual' }
  expect(sent).toEqual([
    { ...given, body: 'a' },
    { ...given, body: null },
    { cache: undefined, priority: undefined, referrerPolicy: undefined, credentials: undefined, body: null, redirect: 'manual' },
  ])
})

test('bare 500s with answers between them are not counted together', async () => {
  const { job } = await jobOf((_, at) => (at > 12 ? done : at % 4 === 0 ? running(at) : [500]))
  expect(await job.json()).toEqual({ ok: true })
})

test('an event that tells no state changes nothing', async () => {
  const events = ['{"percentComplete":77}', '[]', '7', '{"status":"succeeded","result":1}'].map((data) => `data: ${data}\n\n`)
  const { job } = await jobOf(({ url }) =>
    url === '/events'
      ? [200, { 'content-type': 'text/event-stream' }, events.join('')]
      : [202, {}, { status: 'running', percentComplete: 10, links: { events: '/events' } }],
  )
  const seen: unknown[] = []
  job.subscribe(() => seen.push([job.status?.status, job.status?.percentComplete]))
  await job.finished()
  expect(seen).toEqual([
    ['running', 10],
    ['succeeded', undefined],
  ])
})

test.each([
  [{ jobId: 'a', status: 'running' }, 'a'],
  [{ taskId: 'b', status: 'running', output: [1] }, 'b'],
  [{ run: { id: 'c', status: 'in_progress', result: { half: true } } }, 'c'],
  [{ instanceId: 'd', runtimeStatus: 'Running' }, 'd'],
])('%j is a job that runs, without a result yet', async (document, id) => {
  const { job } = await jobOf((_, at) => (at === 1 ? [200, {}, document] : done))
  const [first] = await all(job)
  expect(first).toMatchObject({ id, status: 'running' })
  expect(first).not.toHaveProperty('result')
})

test('event streams are not tried again until the server is back', async () => {
  const events = { self: '/jobs/1', events: '/events' }
  const { job, server } = await jobOf(({ url }, at) => {
    if (url === '/events') return [500]
    return at < 2 ? [202, {}, { status: 'running', links: events }] : at < 6 ? [503] : done
  })
  await job.finished()
  expect(server.of('GET /events')).toHaveLength(3)
})

test('an answer that comes after it was given up changes nothing', async () => {
  let release = (_: Response) => {}
  const late = new Promise<Response>((resolve) => {
    release = resolve
  })
  let polls = 0
  const answer = (percentComplete: number) => Response.json({ status: 'running', percentComplete }, { status: 202 })
  // As some implementations of `fetch`, it ignores its signal.
  const fetch = async () => (++polls === 1 ? late : answer(50))
  const job = createClient({ fetch, requestTimeoutMs: 20, minPollMs: 50 }).resume('http://127.0.0.1/jobs/1')
  const stop = job.subscribe(() => {})
  await vi.waitUntil(() => job.status?.percentComplete === 50, { timeout: 20_000 })
  stop()
  release(answer(10))
  await new Promise(setImmediate)
  expect(job.status?.percentComplete).toBe(50)
})

test('a listener is called for changes only, and other advice for the next poll is none', async () => {
  const { job } = await jobOf((_, at) =>
    at < 4 ? [202, {}, { status: 'running', retryAfterMs: 1_000 + at }] : at < 6 ? running(10) : at < 8 ? running(20) : done,
  )
  const seen: unknown[] = []
  job.subscribe(() => seen.push(job.status?.percentComplete ?? job.status?.status))
  await job.finished()
  expect(seen).toEqual(['running', 10, 20, 'succeeded'])
})

describe('who listens', () => {
  test('twice with the same function does so until it has left twice', async () => {
    const { job, polls } = await jobOf((_, at) => running(at))
    let calls = 0
    const count = () => void calls++
    const leave = [job.subscribe(count), job.subscribe(count)]
    await vi.waitUntil(() => calls > 1)
    leave[0]?.()
    leave[0]?.()
    const before = calls
    await vi.waitUntil(() => calls > before + 1)
    leave[1]?.()
    await new Promise(setImmediate)
    const asked = polls().length
    await job.cancel().catch(() => {})
    expect(polls().length).toBeLessThanOrEqual(asked + 1)
  })

  test('anew whenever called is called once for each change', async () => {
    const { job } = await jobOf((_, at) => (at < 3 ? running(at) : done))
    let calls = 0
    const listen = () => {
      const leave = job.subscribe(() => {
        calls++
        leave()
        if (calls < 100) listen()
      })
    }
    listen()
    await job.finished()
    expect(calls).toBe(3)
  })

  test('after the following has ended starts no other', async () => {
    const { job, polls, server } = await jobOf(({ url }) => (url === '/jobs/1' ? [403] : done))
    await expect(job.finished()).rejects.toMatchObject({ status: 403 })
    job.subscribe(() => {})
    await createClient(quickClock().options).resume(`${server.url}/jobs/2`).finished()
    expect(polls()).toHaveLength(1)
  })
})

test('the id of a job is what its status says, and before that the end of its address', async () => {
  const { job } = await jobOf(() => [200, {}, { id: 'other', status: 'succeeded' }])
  expect(job.id).toBe('1')
  await job.finished()
  expect(job.id).toBe('other')
})

test('all that a status tells is there, at any depth, with absolute links', async () => {
  const at = '2026-11-22T12:00:00.000Z'
  const times = [
    'createdAt',
    'lastUpdatedAt',
    'scheduledAt',
    'startedAt',
    'estimatedFinishAt',
    'cancelRequestedAt',
    'expiresAt',
    'finishedAt',
  ]
  const told = {
    ...{ id: '7', operation: 'report', status: 'running', percentComplete: 40, message: 'half', attempt: 2, retryAfterMs: 1_000 },
    ...Object.fromEntries(times.map((name) => [name, at])),
  }
  const links = { self: '/jobs/7', events: '/jobs/7/events', cancel: '/jobs/7/cancel', stream: '/jobs/7/stream' }
  for (const document of [{ ...told, links }, { data: { ...told, links } }]) {
    const { job, server } = await jobOf((_, poll) => (poll === 1 ? [202, {}, document] : done), { events: false })
    const [first] = await all(job)
    const absolute = Object.fromEntries(Object.entries(links).map(([name, path]) => [name, server.url + path]))
    expect(first).toEqual({ ...told, links: absolute, raw: document })
  }
})

test.each<[object, object]>([
  [
    { id: 1, jobId: '2', taskId: '3', name: 'report', statusMessage: 'half' },
    { id: '2', operation: 'report', message: 'half' },
  ],
  [
    { taskId: '3', instanceId: '4', operation: 'print', name: 'report', summary: 'half' },
    { id: '3', operation: 'print', message: 'half' },
  ],
  [{ error: { code: 'no_ink' }, result: 1, links: { result: '/r' } }, { links: {} }],
])('%j of a job that runs is what it may be', async (document, told) => {
  const { job } = await jobOf((_, at) => (at === 1 ? [202, {}, { status: 'running', ...document }] : done))
  const [first] = await all(job)
  expect(first).toMatchObject(told)
  for (const name of ['error', 'result']) expect(first).not.toHaveProperty(name)
  expect(first?.links).not.toHaveProperty('result')
})

test('a job that is over has no response that is being written', async () => {
  const { job } = await jobOf(() => [200, {}, { status: 'succeeded', links: { stream: '/s', result: '/r' } }])
  expect(Object.keys((await job.finished()).links)).toEqual(['result'])
})

test('a status without a body tells that it had none', async () => {
  const { job } = await jobOf((_, at) => (at === 1 ? [202] : done))
  const [first] = await all(job)
  expect(first).toHaveProperty('raw', undefined)
  expect(Object.keys(first ?? {}).sort()).toEqual(['links', 'raw', 'status'])
})

describe('a client', () => {
  const accepted = () => new Response(null, { status: 202, headers: { location: '/jobs/1' } })

  test('follows an answer that has no address, as of a function in the same process, from its baseUrl', async () => {
    const server = await serve(() => done)
    const client = createClient({ ...quickClock().options, baseUrl: `${server.url}/api/` })
    expect((await client.follow(accepted())).url).toBe(`${server.url}/jobs/1`)
    await expect(createClient().follow(accepted())).rejects.toMatchObject({ code: 'invalid_option' })
  })

  test('does not follow an answer that is an error', async () => {
    const refused = Response.json({ title: 'Which month?', code: 'no_month' }, { status: 422 })
    const error = await createClient()
      .follow(refused)
      .catch((thrown) => thrown)
    expect(error).toMatchObject({ name: 'ProblemError', status: 422, code: 'no_month' })
    expect(await error.response.json()).toMatchObject({ code: 'no_month' })
  })

  test('sends header fields of a resumed or followed job with each of its requests', async () => {
    const server = await serve(({ url }) => (url === '/r' ? [200, {}, 'ok'] : [200, {}, { status: 'done', links: { result: '/r' } }]))
    const client = createClient({ ...quickClock().options, baseUrl: server.url, headers: { 'x-api-key': 'secret' } })
    const headers = { authorization: 'Bearer secret' }
    await client.resume('/jobs/1', { headers }).result()
    await (await client.follow(accepted(), { headers })).result()
    expect(server.asked).toHaveLength(4)
    for (const asked of server.asked) expect(asked.headers).toMatchObject({ 'x-api-key': 'secret', authorization: 'Bearer secret' })
  })

  const reason = new Error('enough')
  const aborted = AbortSignal.abort(reason)
  const open = new AbortController().signal

  test('stops at the signal of the options, else of init, else of the request', async () => {
    const server = await serve(() => [200])
    const client = createClient()
    await client.submit(server.url, { signal: aborted }, { signal: open })
    await expect(client.submit(server.url, { signal: open }, { signal: aborted })).rejects.toBe(reason)
    await client.submit(new Request(server.url, { signal: aborted }), { signal: open })
    await expect(client.submit(new Request(server.url, { signal: aborted }))).rejects.toBe(reason)
    expect(server.asked).toHaveLength(2)
    await expect(client.follow(new Response(new ReadableStream()), { signal: aborted })).rejects.toBe(reason)
  })

  test('is made for one job by submit and resume, whose options are of both', async () => {
    const server = await serve(({ method }) => (method === 'POST' ? [202, { location: '/jobs/1' }] : done))
    const clock = quickClock().options
    const sent: unknown[] = []
    const noting: ClientOptions['fetch'] = (url, init) => {
      sent.push(init?.credentials)
      return fetch(url, init)
    }
    await (await submit(server.url, { json: 1 }, { ...clock, idempotencyKey: 'mine', headers: { 'x-api-key': 'a' } })).finished()
    expect(server.asked[0]?.headers).toMatchObject({ 'idempotency-key': 'mine', 'x-api-key': 'a' })
    expect(server.asked[1]?.headers['x-api-key']).toBe('a')
    await resume(`${server.url}/jobs/1`, { ...clock, fetch: noting, credentials: 'include' }).finished()
    expect(sent).toEqual(['include'])
    await expect(submit(server.url, {}, { signal: aborted })).rejects.toBe(reason)
    await expect(resume(server.url, { signal: aborted }).finished()).rejects.toBe(reason)
  })

  test('gives each job its time, if that has none of its own', async () => {
    const server = await serve(() => [202, {}, { status: 'running' }])
    const client = createClient({ ...quickClock().options, timeoutMs: 60_000 })
    await expect(client.resume(server.url).finished()).rejects.toMatchObject({
      code: 'timed_out',
      message: expect.stringContaining('60000 ms'),
    })
    await expect(client.resume(server.url, { timeoutMs: 5_000 }).finished()).rejects.toThrow('5000 ms')
  })

  test('that is stopped without a reason says so', async () => {
    const controller = new AbortController()
    const server = await serve(() => running(1))
    const finished = createClient(quickClock().options).resume(server.url, { signal: controller.signal }).finished()
    controller.abort(null)
    await expect(finished).rejects.toMatchObject({ message: 'Not followed any more.' })
  })
})

test('a change of what only that server tells is one', async () => {
  const { job } = await jobOf((_, at) => (at < 5 ? [202, {}, { status: 'running', step: at < 3 ? 'read' : 'drawn' }] : done))
  const seen = (await all(job)).map(({ raw }) => raw)
  expect(seen).toEqual([{ status: 'running', step: 'read' }, { status: 'running', step: 'drawn' }, done[2]])
})

describe('what is known of a job is kept', () => {
  test('when it ends with a 303, whose own body is not waited for', async () => {
    const { job, server } = await jobOf(({ url }, at, res) => {
      if (url === '/r') return [200, { 'content-type': 'text/plain' }, 'done']
      if (at === 1) return running(10)
      res.writeHead(303, { location: '/r' }).write('See /r')
      return undefined
    })
    const links = { self: `${server.url}/jobs/1`, result: `${server.url}/r` }
    expect(await job.finished()).toMatchObject({ id: '1', operation: 'report', status: 'succeeded', links })
    expect(await (await job.result()).text()).toBe('done')
  })

  test('when it ends with the problem of a canceled one', async () => {
    const problem = { type: 'about:blank', code: 'job-canceled', detail: 'not needed' }
    const { job } = await jobOf((_, at) => (at === 1 ? running(10) : [409, { 'content-type': 'application/problem+json' }, problem]))
    expect((await all(job)).at(-1)).toMatchObject({ id: '1', operation: 'report', status: 'canceled', error: { detail: 'not needed' } })
    expect(job.status?.links).toEqual({}) // what could be used before cannot any more
  })
})
