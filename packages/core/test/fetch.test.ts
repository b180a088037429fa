import { AsyncLocalStorage } from 'node:async_hooks'
import { createJobs, inProcess, isJobsError, type JobEngine, waitUntil } from '@respond-async/core'
import {
  asyncScope,
  captureResponse,
  detachRequest,
  jobRoutes,
  readBody,
  rebuildRequest,
  respondAsync,
  toResponse,
} from '@respond-async/core/fetch'
import { describe, expect, it, vi } from 'vitest'
import { expectJobsNeeded } from '../../../tests/without-jobs'

const ORIGIN = 'http://localhost'
const post = (body?: BodyInit | null, init: RequestInit = {}) =>
  new Request(`${ORIGIN}/work?a=1`, { method: 'POST', body, ...init, ...(body instanceof ReadableStream && { duplex: 'half' }) })
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: unknown) => (isJobsError(error) ? error.code : error),
  )
/** Gives its chunks when they are asked for, and says whether it was canceled. */
function chunks(...parts: (string | Error)[]) {
  const canceled = vi.fn()
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const part = parts.shift()
        if (part === undefined) controller.close()
        else if (part instanceof Error) controller.error(part)
        else controller.enqueue(new TextEncoder().encode(part))
      },
      cancel: canceled,
    },
    { highWaterMark: 0 },
  )
  return { stream, canceled, left: parts }
}

describe('readBody', () => {
  it('refuses an announced size without reading', async () => {
    const request = post('12345', { headers: { 'content-length': '5' } })
    expect(await codeOf(readBody(request, 4, false))).toBe('body_too_large')
    expect(request.bodyUsed).toBe(false)
  })

  it('stops a stream at its limit', async () => {
    const { stream, canceled, left } = chunks('123', '456', '789')
    expect(await codeOf(readBody(post(stream), 5, false))).toBe('body_too_large')
    expect(canceled).toHaveBeenCalledOnce()
    expect(left).toEqual(['789'])
  })

  it('takes what is exactly as large as the limit, in one piece or several', async () => {
    expect(await readBody(post('12345'), 5, false)).toEqual(new TextEncoder().encode('12345'))
    expect(await readBody(post(chunks('12', '345').stream), 5, false)).toEqual(new TextEncoder().encode('12345'))
    expect(await readBody(post('12345', { headers: { 'content-length': '5' } }), 5, false)).toHaveLength(5)
  })

  it('keeps a body that is sent byte by byte in few pieces: each would take a hundred times as much as is in it', async () => {
    const text = Array.from({ length: 5_000 }, (_, at) => `${at % 10}`)
    const pieces: Uint8Array[] = []
    const write = async (piece: Uint8Array) => void pieces.push(piece)
    expect(await readBody(post(chunks(...text).stream), 10_000, true, { after: 4_999, write })).toBeNull()
    expect(Buffer.concat(pieces).toString()).toBe(text.join(''))
    expect(pieces.length).toBeLessThan(1_100)
    const whole = await readBody(post(chunks(...text).stream), 10_000, true)
    expect(Buffer.from(whole ?? []).toString()).toBe(text.join(''))
  })

  it('does not trust an announced size that is too small', async () => {
    expect(await codeOf(readBody(post('12345', { headers: { 'content-length': '2' } }), 4, false))).toBe('body_too_large')
  })

  it('says that a body broke off', async () => {
    expect(await codeOf(readBody(post(chunks('1', new Error('gone')).stream), 5, false))).toBe('body_unreadable')
  })

  it('keeps bytes that are no text', async () => {
    const bytes = new Uint8Array([0, 255, 254, 0xef, 0xbb, 0xbf])
    expect(await readBody(post(bytes), 100, true)).toEqual(bytes)
  })

  it('has nothing where there is none', async () => {
    expect(await readBody(post(), 5, true)).toBeNull()
    expect(await readBody(new Request(ORIGIN), 5, true)).toBeNull()
    const read = post('1')
    await read.text()
    expect(await readBody(read, 5, false)).toBeNull()
    expect(await codeOf(readBody(read, 5, true))).toBe('invalid_input')
  })
})

describe('captureResponse', () => {
  it('keeps every Set-Cookie', async () => {
    const headers = new Headers([
      ['set-cookie', 'a=1, b'],
      ['set-cookie', 'c=2'],
      ['x-list', 'a'],
      ['x-list', 'b'],
    ])
    expect(await captureResponse(new Response(null, { status: 204, headers }), { maxResultBytes: 0 })).toEqual({
      ...{ status: 204, headers: { 'set-cookie': ['a=1, b', 'c=2'], 'x-list': 'a, b' }, body: null },
    })
  })

  it('takes a stream of texts, as servers on Node do', async () => {
    const texts = () =>
      new ReadableStream<string>({
        start(controller) {
          controller.enqueue('naïve ')
          controller.enqueue('texts')
          controller.close()
        },
      }) as unknown as ReadableStream<Uint8Array>
    const bytes = new TextEncoder().encode('naïve texts')
    expect((await captureResponse(new Response(texts()), { maxResultBytes: 12 })).body).toEqual(bytes)
    expect(await codeOf(captureResponse(new Response(texts()), { maxResultBytes: 11 }))).toBe('result_too_large')
    const written: number[] = []
    await captureResponse(new Response(texts()), {
      maxResultBytes: 12,
      sink: { after: 0, write: async (piece) => void written.push(...piece.subarray()) },
    })
    expect(new Uint8Array(written)).toEqual(bytes)
  })

  it('stops at the limit, announced or not', async () => {
    const announced = chunks('12345')
    expect(
      await codeOf(captureResponse(new Response(announced.stream, { headers: { 'content-length': '5' } }), { maxResultBytes: 4 })),
    ).toBe('result_too_large')
    expect(announced.left).toEqual(['12345'])
    expect(announced.canceled).toHaveBeenCalledOnce() // a file that nobody reads would stay open
    const streamed = chunks('123', '456')
    expect(await codeOf(captureResponse(new Response(streamed.stream), { maxResultBytes: 4 }))).toBe('result_too_large')
    expect(streamed.canceled).toHaveBeenCalledOnce()
  })

  it('does not mind what a source thinks of being left', async () => {
    const leaving = () =>
      new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(5)), cancel: () => Promise.reject(new Error('no')) })
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    for (const headers of [undefined, { 'content-length': '5' }])
      expect(await codeOf(captureResponse(new Response(leaving(), { headers }), { maxResultBytes: 4 }))).toBe('result_too_large')
    await new Promise((resolve) => setTimeout(resolve))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it('keeps the length that an answer without a body announces, as to HEAD', async () => {
    const answer = new Response(null, { headers: { 'content-length': '5' } })
    expect(await captureResponse(answer, { maxResultBytes: 4 })).toEqual({ status: 200, headers: { 'content-length': '5' }, body: null })
  })

  it('refuses what is no response', async () => {
    expect(await codeOf(captureResponse(undefined, { maxResultBytes: 4 }))).toBe('handler_passed')
    expect(await codeOf(captureResponse({ rows: 1 } as unknown as Response, { maxResultBytes: 4 }))).toBe('handler_passed')
    expect(await codeOf(captureResponse(Response.error(), { maxResultBytes: 4 }))).toBeInstanceOf(TypeError)
    const error = new Error('broken')
    expect(await codeOf(captureResponse(new Response(chunks('1', error).stream), { maxResultBytes: 4 }))).toBe(error)
  })
})

describe('toResponse', () => {
  it('has no body where the status has none', async () => {
    for (const status of [204, 205, 304]) expect((await toResponse({ status, headers: {}, body: '' })).body).toBeNull()
  })

  it('appends the fields of a list', () => {
    const { headers } = toResponse({ status: 200, headers: { 'set-cookie': ['a=1', 'b=2'], ETag: '"1"' }, body: null })
    expect([headers.getSetCookie(), headers.get('etag')]).toEqual([['a=1', 'b=2'], '"1"'])
  })
})

describe('the request of a handler', () => {
  it('is one of its own, without the signal of the client', async () => {
    const client = new AbortController()
    const live = Object.assign(post('live', { headers: { 'x-a': '1' }, signal: client.signal }), { params: { id: '7' }, user: 'ada' })
    const own = detachRequest(live, new TextEncoder().encode('kept'))
    client.abort()
    expect(own).toMatchObject({ method: 'POST', url: `${ORIGIN}/work?a=1`, params: { id: '7' }, user: 'ada' })
    expect([own.headers.get('x-a'), own.signal.aborted, await own.text()]).toEqual(['1', false, 'kept'])
    expect(own.headers.get('content-type')).toBe('text/plain;charset=UTF-8')
  })

  it('stays of its class, where that can be made', async () => {
    class NextLike extends Request {
      readonly nextUrl = new URL(this.url)
    }
    class PlatformOnly extends Request {
      constructor(url: string, key?: unknown) {
        super(url)
        if (key !== 'of the platform') throw new TypeError('Illegal constructor')
      }
    }
    /** As srvx has it, on which h3 and Nitro stand: made of anything, but it cannot be read then. */
    class ServerRequest {
      readonly #from: { readonly method: string } | undefined
      constructor(context: { readonly request?: { readonly method: string } }) {
        this.#from = context.request
      }
      get method(): string {
        return (this.#from as { method: string }).method
      }
      get url(): string {
        return `${ORIGIN}/a`
      }
      get headers(): Headers {
        return new Headers()
      }
    }
    Object.setPrototypeOf(ServerRequest.prototype, Request.prototype)
    const request = new NextLike(`${ORIGIN}/a`)
    expect((detachRequest(request, null) as NextLike).nextUrl.pathname).toBe('/a')
    const handedOut = new Proxy(request, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value // as Next.js does
      },
    })
    expect(detachRequest(handedOut, null)).toBeInstanceOf(NextLike)
    expect(detachRequest(new PlatformOnly(`${ORIGIN}/a`, 'of the platform'), null).url).toBe(`${ORIGIN}/a`)
    const served = new ServerRequest({ request: { method: 'POST' } }) as unknown as Request
    const own = detachRequest(served, 'kept')
    expect([own.method, own.url, await own.text()]).toEqual(['POST', `${ORIGIN}/a`, 'kept'])
  })

  it('is rebuilt from the stored one, with an origin before its path', async () => {
    const stored = { method: 'PUT', url: '/a?b=%2F', headers: { 'x-a': ['1', '2'], 'content-type': 'text/x' } }
    const request = rebuildRequest(stored, 'text')
    expect([request.method, request.url, request.headers.get('x-a'), await request.text()]).toEqual([
      'PUT',
      `${ORIGIN}/a?b=%2F`,
      '1, 2',
      'text',
    ])
    expect([request.headers.get('content-type'), request.headers.get('content-length')]).toEqual(['text/x', '4'])
    expect(rebuildRequest(stored, null).headers.has('content-length')).toBe(false)
    expect(rebuildRequest({ ...stored, headers: {} }, 'text').headers.has('content-type')).toBe(false)
    expect(rebuildRequest({ ...stored, url: 'https://api.example/x' }, null).url).toBe('https://api.example/x')
  })
})

describe('the scope of a route', () => {
  it('is not kept on Workers, where no request may resume another', () => {
    vi.stubGlobal('WebSocketPair', class {})
    const work = vi.fn(async () => {})
    void asyncScope()(work)
    vi.unstubAllGlobals()
    expect(work).toHaveBeenCalledOnce()
  })

  it('is kept for every run, also for one that is asked for while another begins', async () => {
    const user = new AsyncLocalStorage<string>()
    const scope = user.run('the route', asyncScope)
    const seen: (string | undefined)[] = []
    const look = async () => void seen.push(user.getStore())
    const both = () => user.run('a request', () => Promise.all([scope(look), scope(() => look().then(() => void inner.push(scope(look))))]))
    const inner: Promise<void>[] = []
    await both()
    await Promise.all(inner)
    expect(seen).toEqual(['the route', 'the route', 'the route'])
    await expect(scope(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  })
})

describe('respondAsync and jobRoutes', () => {
  const finished = async (fetch: (request: Request) => Promise<Response | undefined>, location: string) => {
    for (;;) {
      const answer = await fetch(new Request(ORIGIN + location, { headers: { prefer: 'wait=20' } }))
      if (answer?.status !== 202) return answer
    }
  }

  it('hand further arguments on', async () => {
    const jobs = createJobs()
    const handle = respondAsync(jobs, 'a', async (request, info: { ip: string }) =>
      Response.json({ ip: info.ip, body: await request.json(), id: request.job.id.length }),
    )
    const routes = jobRoutes(jobs)
    const accepted = await handle(post('[1]'), { ip: '::1' })
    const location = accepted.headers.get('location') ?? ''
    await finished(routes, location)
    const result = await routes(new Request(`${ORIGIN}${location}/result`))
    expect(await result?.json()).toEqual({ ip: '::1', body: [1], id: 36 })
  })

  it('run the handler as it is for a client that does not ask for a job', async () => {
    const handle = respondAsync(createJobs(), { operation: 'a', when: 'preferred' }, async (request) => {
      await request.job.progress(50)
      return Response.json({ body: await request.text(), attempt: request.job.attempt, aborted: request.job.signal.aborted })
    })
    const response = await handle(post('live'))
    expect([response.status, await response.json()]).toEqual([200, { body: 'live', attempt: 1, aborted: false }])
    expect((await handle(post('live', { headers: { prefer: 'respond-async' } }))).status).toBe(202)
  })

  it('give the work to waitUntil where the platform has one', async () => {
    const work: Promise<unknown>[] = []
    const context = { waitUntil: (promise: Promise<unknown>) => void work.push(promise) }
    const jobs = createJobs({ engine: waitUntil() })
    const handle = respondAsync(jobs, 'a', async (_, env: { key: string }, _context: typeof context) => new Response(env.key))
    const accepted = await handle(post(), { key: 'k' }, context)
    await Promise.all(work)
    const result = await jobRoutes(jobs)(new Request(`${ORIGIN}${accepted.headers.get('location')}/result`))
    expect(await result?.text()).toBe('k')
  })

  it('give a replay the env and context of the platform that runs it', async () => {
    const engine: JobEngine = {
      ...inProcess(),
      capabilities: { ...inProcess().capabilities, remote: true },
      reserve: undefined,
      async dispatch() {},
    }
    const jobs = createJobs({ engine })
    const handle = respondAsync(jobs, 'a', async (request, env: { key: string }) => new Response(env.key + (await request.text())))
    const accepted = await handle(post('body'), { key: 'live' })
    const id = accepted.headers.get('location')?.split('/').at(-1) ?? ''
    await jobs.run({ v: 1, id, operation: 'a', dispatch: 1 }, { platform: { env: { key: 'other ' } } })
    const result = await jobRoutes(jobs)(new Request(`${ORIGIN}/jobs/${id}/result`))
    expect(await result?.text()).toBe('other body')
  })

  it('run a handler in the async context of its request, also after a wait in the queue and again', async () => {
    const user = new AsyncLocalStorage<string>()
    const jobs = createJobs({ engine: inProcess({ concurrency: 1 }), onError: () => {} })
    const handle = respondAsync(jobs, { operation: 'a', retries: 2, backoffMs: 1 }, async (request) => {
      const before = user.getStore()
      await new Promise((resolve) => setTimeout(resolve, 1))
      if (request.job.attempt < 3) return new Response(null, { status: 500 })
      return Response.json([before, user.getStore()])
    })
    const users = ['ada', 'bob', 'cleo', 'dan']
    const accepted = await Promise.all(users.map((name) => user.run(name, () => handle(post()))))
    for (const [at, name] of users.entries()) {
      const location = accepted[at]?.headers.get('location') ?? ''
      const document = (await (await finished(jobRoutes(jobs), location))?.json()) as object
      expect(document).toMatchObject({ status: 'succeeded', attempt: 3, result: [name, name] })
    }
  })

  it('run a handler in no async context where it has a stored request: that of who is there by then is of another', async () => {
    const user = new AsyncLocalStorage<string>()
    const jobs = createJobs({ engine: inProcess({ concurrency: 2, replay: true }), onError: () => {} })
    const handle = respondAsync(jobs, { operation: 'a', retries: 1, backoffMs: 1 }, async (request) => {
      const before = user.getStore() ?? 'nobody'
      await new Promise((resolve) => setTimeout(resolve, 1))
      if (request.job.attempt === 1) throw new Error('again')
      return Response.json([before, user.getStore() ?? 'nobody'])
    })
    await user.run('eve', () => jobs.start())
    const accepted = await Promise.all(['ada', 'bob', 'cleo', 'dan'].map((name) => user.run(name, () => handle(post()))))
    for (const { headers } of accepted) {
      const document = (await (await finished(jobRoutes(jobs), headers.get('location') ?? ''))?.json()) as object
      expect(document).toMatchObject({ status: 'succeeded', attempt: 2, result: ['nobody', 'nobody'] })
    }
  })

  it('let go of a response that is not waited for any longer', async () => {
    const canceled = vi.fn()
    const jobs = createJobs({ onError() {} })
    const handle = respondAsync(jobs, { operation: 'silent', maxRunMs: 50 }, () => new Response(new ReadableStream({ cancel: canceled })))
    const accepted = await handle(post())
    const document = await (await finished(jobRoutes(jobs), accepted.headers.get('location') ?? ''))?.json()
    expect(document).toMatchObject({ status: 'failed', error: { code: 'timeout' } })
    expect(canceled).toHaveBeenCalledOnce()
  })

  it('go with handlers that are functions', () => {
    const wrap = respondAsync as (...args: unknown[]) => unknown
    for (const handler of [undefined, null, {}, 'text'])
      expect(() => wrap(createJobs(), 'op', handler)).toThrow('respondAsync("op") needs a name and a handler function')
  })

  it('refuse at once what is no jobs', () => {
    const wrap = respondAsync as (...args: unknown[]) => unknown
    expectJobsNeeded({ respondAsync: (none) => wrap(none, 'op', () => {}), jobRoutes })
    expect(() => wrap(createJobs())).toThrow('needs a name and a handler function')
  })

  it('know their own paths and leave the others alone', async () => {
    const jobs = createJobs({ path: '/api/jobs/' })
    const statusOf = async (routes: ReturnType<typeof jobRoutes>, path: string) => (await routes(new Request(ORIGIN + path)))?.status
    expect(await statusOf(jobRoutes(jobs), '/api/jobs/unknown?x=1')).toBe(404)
    expect(await statusOf(jobRoutes(jobs), '/api/jobsx/unknown')).toBeUndefined()
    expect(await statusOf(jobRoutes(jobs), '/api/jobs')).toBeUndefined()
    expect(await statusOf(jobRoutes(jobs), '/jobs/unknown')).toBeUndefined()
    expect(await statusOf(jobRoutes(jobs, { path: '/jobs' }), '/jobs/unknown')).toBe(404)
    expect(await statusOf(jobRoutes(jobs, { path: '/' }), '/unknown')).toBe(404)
    expect(() => jobRoutes(jobs, { ownr: () => 'ann' } as object)).toThrow('jobRoutes: ownr is not an option')
  })
})
