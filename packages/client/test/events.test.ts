import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createClient, type Fetch } from '../src/index'
import { type Answer, all, closeServers, quickClock, type Script, serve } from './server'

afterEach(closeServers)

const document = (percentComplete: number, status = 'running') => ({
  id: '1',
  status,
  percentComplete,
  links: { self: '/jobs/1', events: '/jobs/1' },
})
const event = (id: number, value: object, name = 'progress') => `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(value)}\n\n`
const over = { ...document(100, 'succeeded'), result: { ok: true } }
const STREAM = { 'content-type': 'text/event-stream' }

/** A server of one job whose events are given to a test; polls are answered by `polls`. */
async function jobWith(stream: Script, polls: Script = () => [202, {}, document(1)], options = {}) {
  const server = await serve((asked, at, res) => {
    if (asked.method === 'POST') return [202, { location: '/jobs/1' }, document(0, 'queued')]
    const isStream = asked.headers.accept === 'text/event-stream'
    const count = server.asked.filter(
      ({ headers, method }) => method === 'GET' && (headers.accept === 'text/event-stream') === isStream,
    ).length
    return (isStream ? stream : polls)(asked, count || at, res)
  })
  const { pauses, options: clock } = quickClock()
  const job = await createClient({ ...clock, ...options }).submit<{ ok: boolean }>(`${server.url}/reports`)
  const streams = () => server.asked.filter(({ headers }) => headers.accept === 'text/event-stream')
  const polled = () => server.asked.filter(({ method, headers }) => method === 'GET' && headers.accept !== 'text/event-stream')
  return { job, server, pauses, streams, polled }
}

describe('server-sent events', () => {
  test('bring every change, and no poll is made', async () => {
    const { job, polled, pauses } = await jobWith(() => [
      200,
      STREAM,
      `retry: 2000\n\n${event(2, document(10))}: alive\n\n${event(3, document(50))}${event(4, over, 'succeeded')}`,
    ])
    const list = await all(job)
    expect(list.map(({ percentComplete }) => percentComplete)).toContain(100)
    expect(await job.json()).toEqual({ ok: true })
    expect(polled()).toEqual([])
    expect(pauses).toEqual([])
  })

  test('a stream that drops in the middle of an event goes on after the last whole one', async () => {
    const { job, streams, pauses } = await jobWith((_, at, res) => {
      if (at > 1) return [200, STREAM, event(4, over, 'succeeded')]
      res.writeHead(200, STREAM)
      res.write(`retry: 3000\n\n${event(2, document(10))}id: 3\ndata: {"status":"succ`, () => res.destroy())
      return undefined
    })
    expect((await job.finished()).status).toBe('succeeded')
    expect(streams().map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2'])
    expect(pauses).toEqual([3_000])
  })

  test('a stream that ends before the job is opened again, less and less often, and then replaced by polling', async () => {
    const { job, streams, polled } = await jobWith(
      () => [200, STREAM, ': hello\n\n'],
      (_, at) => (at < 4 ? [202, {}, document(at)] : [200, {}, over]),
    )
    await job.finished()
    expect([streams().length, polled().length]).toEqual([3, 4])
  })

  test.each<[string, Answer]>([
    ['204 at the end', [204]],
    ['another media type', [200, { 'content-type': 'text/html' }, '<p>events</p>']],
    ['not found', [404]],
    ['not found, said as events', [404, STREAM, ': nothing here\n\n']],
    ['not acceptable', [406]],
  ])('%s: polling, at once', async (_, answer) => {
    const { job, streams, polled, pauses } = await jobWith(
      () => answer,
      () => [200, {}, over],
    )
    expect(await job.json()).toEqual({ ok: true })
    expect([streams().length, polled().length]).toEqual([1, 1])
    expect(pauses).toEqual([1_000])
  })

  test('a server that is busy is asked for its events again', async () => {
    const busy: Answer[] = [[429], [503]]
    const { job, streams, polled, pauses } = await jobWith((_, at) => busy[at - 1] ?? [200, STREAM, event(4, over, 'succeeded')])
    await job.finished()
    expect([streams().length, polled().length]).toEqual([3, 0])
    expect(pauses).toEqual([500, 1_000])
  })

  test('events that were refused are not asked for after an outage, either', async () => {
    const { job, streams } = await jobWith(
      () => [404],
      (_, at, res) => (at === 1 ? void res.destroy() : at < 4 ? [202, {}, document(at)] : [200, {}, over]),
    )
    await job.finished()
    expect(streams()).toHaveLength(1)
  })

  test('a plain client polls: a page of another origin may not send Last-Event-ID', async () => {
    const { job, streams } = await jobWith(
      () => [200, STREAM, event(4, over, 'succeeded')],
      () => [200, {}, over],
      { plain: true },
    )
    await job.finished()
    expect(streams()).toEqual([])
  })

  test('a stream ends with the last who follows the job', async () => {
    let left = false
    const { job } = await jobWith((_, __, res) => {
      res.on('close', () => {
        left = true
      })
      res.writeHead(200, STREAM).write(event(2, document(10)))
      return undefined
    })
    for await (const { percentComplete } of job) if (percentComplete === 10) break
    await vi.waitUntil(() => left, { timeout: 10_000 })
  })

  test('malformed events are ignored', async () => {
    const { job } = await jobWith(() => [
      200,
      STREAM,
      `data: [DONE]\n\ndata: {"status":7}\n\ndata:\n\nrubbish\n\n${event(9, over, 'succeeded')}`,
    ])
    expect(await job.json()).toEqual({ ok: true })
  })

  test('nor do they end the stream', async () => {
    const { job, streams } = await jobWith((_, __, res) => {
      res.writeHead(200, STREAM).write(`rubbish\nretry: soon\n\n${event(2, document(10))}`)
      setTimeout(() => res.end(event(3, over, 'succeeded')), 200)
      return undefined
    })
    await job.finished()
    expect(streams()).toHaveLength(1)
  })

  test('streams that break off after each event are opened again, where they were, for as long as it takes', async () => {
    const { job, streams, polled, pauses } = await jobWith((_, at, res) => {
      if (at > 5) return [200, STREAM, event(9, over, 'succeeded')]
      const nameless = `data: ${JSON.stringify(document(at * 10 + 5))}\n\n`
      res.writeHead(200, STREAM).write(`retry: 86400000\n\n${event(at, document(at * 10))}${nameless}`, () => res.destroy())
      return undefined
    })
    await job.finished()
    expect(polled()).toEqual([])
    expect(streams().map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1', '2', '3', '4', '5'])
    expect(pauses).toEqual([30_000, 30_000, 30_000, 30_000, 30_000])
  })

  test('a stream that does not end with the job is left, and the job may have no result', async () => {
    let isLeft = false
    const { job } = await jobWith((_, __, res) => {
      res.on('close', () => {
        isLeft = true
      })
      res.writeHead(200, STREAM).write(event(2, { status: 'succeeded' }, 'succeeded'))
      return undefined
    })
    expect(await job.json()).toBeNull()
    await vi.waitUntil(() => isLeft, { timeout: 10_000 })
  })

  test.each([
    ['does not begin', 29_000, new Promise<Response>(() => {})],
    ['falls silent for longer than servers do', 44_000, Promise.resolve(new Response(new ReadableStream(), { headers: STREAM }))],
  ])('a stream that %s is opened again, and no timer is left', async (_, patienceMs, first) => {
    onTestFinished(() => void vi.useRealTimers())
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const turns = async () => {
      for (let count = 0; count < 20; count++) await new Promise(setImmediate)
    }
    let streams = 0
    const fetch: Fetch = async (_url, init) => {
      if (new Headers(init?.headers).get('accept') !== 'text/event-stream') return Response.json(document(1))
      return ++streams === 1 ? first : new Response(event(2, over, 'succeeded'), { headers: STREAM })
    }
    const finished = createClient({ ...quickClock().options, fetch })
      .resume('http://localhost/jobs/1')
      .finished()
    await turns()
    vi.advanceTimersByTime(patienceMs)
    await turns()
    expect(streams).toBe(1)
    vi.advanceTimersByTime(2_000)
    expect((await finished).status).toBe('succeeded')
    await turns()
    expect([streams, vi.getTimerCount()]).toEqual([2, 0])
  })

  test('an event that never ends is not kept in memory', async () => {
    const { job, polled } = await jobWith(
      (_, __, res) => {
        res.writeHead(200, STREAM)
        res.write('data: ')
        const more = (error?: unknown) => !error && !res.destroyed && res.write('x'.repeat(1_000_000), more)
        more()
        return undefined
      },
      () => [200, {}, over],
    )
    expect(await job.json()).toEqual({ ok: true })
    expect(polled()).toHaveLength(1)
  })

  test('streams are opened again after an outage', async () => {
    const { job, streams } = await jobWith(
      (_, at, res) => (at <= 3 ? void res.destroy() : [200, STREAM, event(4, over, 'succeeded')]),
      (_, at, res) => (at <= 2 ? void res.destroy() : [202, {}, document(20)]),
    )
    await job.finished()
    expect(streams()).toHaveLength(4)
  })

  test('are still used after all listeners have left', async () => {
    const { job, streams, polled } = await jobWith((_, at, res) => {
      if (at > 4) return [200, STREAM, event(4, over, 'succeeded')]
      res.writeHead(200, STREAM)
      res.write(': nothing new\n\n')
      return undefined
    })
    for (let times = 1; times <= 4; times++) {
      const leave = job.subscribe(() => {})
      await vi.waitUntil(() => streams().length === times)
      leave()
    }
    expect(await job.json()).toEqual({ ok: true })
    expect([streams().length, polled().length]).toEqual([5, 0])
  })

  test('an answer to a cancellation that comes after the end takes nothing back', async () => {
    const canceling = { ...document(50), links: { ...document(50).links, cancel: '/jobs/1/cancel' } }
    let end = () => {}
    let answer = () => {}
    const server = await serve(({ method, url }, _, res) => {
      if (url === '/jobs/1/cancel') {
        answer = () => res.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify(canceling))
        end()
        return undefined
      }
      if (method === 'POST') return [202, { location: '/jobs/1' }, canceling]
      res.writeHead(200, STREAM).write(event(2, canceling))
      end = () => res.end(event(3, document(50, 'canceled'), 'canceled'))
      return undefined
    })
    const job = await createClient().submit(`${server.url}/reports`)
    const seen: (string | undefined)[] = []
    const leave = job.subscribe(() => seen.push(job.status?.status)) // a component that stays
    const list = all(job)
    await vi.waitUntil(() => server.asked.length === 2)
    const canceled = job.cancel()
    await vi.waitUntil(() => seen.includes('canceled'))
    answer()
    expect((await canceled).status).toBe('canceled')
    expect((await list).map(({ status }) => status)).toEqual(['running', 'canceled'])
    leave()
  })

  test('of a page with many jobs few hold a connection: a browser has six over HTTP/1.1', async () => {
    const streams = new Map<string, (text: string) => void>()
    const server = await serve(({ method, url, headers }, at, res) => {
      if (method === 'POST') return [202, { location: `/jobs/${at}` }, linked(at)]
      if (headers.accept !== 'text/event-stream') return [202, { etag: '"1"' }, linked(url.slice(6))]
      res.writeHead(200, STREAM).write(': alive\n\n')
      streams.set(url, (text) => res.end(text))
      return undefined
    })
    const linked = (id: number | string) => ({ ...document(10), links: { events: `/jobs/${id}/events` } })
    vi.stubGlobal('location', { href: server.url })
    const quick = { minPollMs: 50, maxPollMs: 1_000, random: () => 0 }
    const jobs = await Promise.all(Array.from({ length: 6 }, () => createClient(quick).submit('/reports')))
    vi.unstubAllGlobals()
    const leave = jobs.map((job) => job.subscribe(() => {}))
    const polls = () => server.asked.filter(({ method, headers }) => method === 'GET' && headers.accept !== 'text/event-stream')
    await vi.waitUntil(() => polls().filter(({ headers }) => headers['if-none-match']).length > 1, 10_000)
    expect([...streams.keys()]).toEqual([1, 2, 3, 4].map((id) => `/jobs/${id}/events`))
    expect(polls().map(({ url }) => url)).toEqual(expect.arrayContaining(['/jobs/5', '/jobs/6']))
    expect(polls().filter(({ headers }) => headers.prefer)).toEqual([]) // a poll that is held is a connection, too
    streams.get('/jobs/2/events')?.(event(2, over, 'succeeded'))
    await vi.waitUntil(() => streams.size === 5, 10_000) // whose place another one takes
    for (const one of leave) one()
  })

  test('are not used with events: false', async () => {
    const { job, streams } = await jobWith(
      () => [500],
      () => [200, {}, over],
      { events: false },
    )
    await job.finished()
    expect(streams()).toEqual([])
  })
})
