import { env } from 'cloudflare:workers'
import type { BodyStream } from '@respond-async/core'
import { AutoRouter, Router, withParams } from 'itty-router'
import { describe, expect, it, vi } from 'vitest'
import { detachedRequest } from '../src/handler-request'
import { placeOf } from '../src/mount'
import { OwnRequest } from '../src/own-request'
import { captureReturned } from '../src/response'
import { workersSubmission } from '../src/submission'

const make = (body: string | Uint8Array | null = '{"a":"ü"}') =>
  new OwnRequest('https://example.com/x', { method: 'POST', headers: { 'content-type': 'application/json' } }, body)

describe('the request of a handler', () => {
  it('gives its body by every method', async () => {
    expect(await make().json()).toEqual({ a: 'ü' })
    expect(await make().text()).toBe('{"a":"ü"}')
    expect(new TextDecoder().decode(await make().arrayBuffer())).toBe('{"a":"ü"}')
    expect(await (await make().blob()).text()).toBe('{"a":"ü"}')
    expect(await new Response(make().body).text()).toBe('{"a":"ü"}')
    expect(await new Request('https://example.com/y', make()).text()).toBe('{"a":"ü"}')
    expect(await make().clone().json()).toEqual({ a: 'ü' })
    expect(await make('\ufeff{}').json()).toEqual({})
    expect(await make(null).text()).toBe('')
    expect(make(null).body).toBe(null)
  })

  it('passes a redirect on when it is fetched, as one that came in does', () => {
    expect(make().redirect).toBe('manual')
  })

  it('gives it once, as the platform does', async () => {
    for (const read of ['json', 'text', 'arrayBuffer'] as const) {
      const request = make()
      expect(request.bodyUsed).toBe(false)
      await request[read]()
      expect(request.bodyUsed).toBe(true)
      await expect(request.text()).rejects.toThrow(TypeError)
      expect(() => request.clone()).toThrow(TypeError)
    }
    const streamed = make()
    await new Response(streamed.body).text()
    expect(streamed.bodyUsed).toBe(true)
    await expect(streamed.json()).rejects.toThrow(TypeError)
  })

  it('keeps what a handler does to its bytes to itself', async () => {
    const bytes = new Uint8Array([1, 2, 3])
    new Uint8Array(await make(bytes).arrayBuffer()).fill(0)
    expect(bytes).toEqual(new Uint8Array([1, 2, 3]))
  })

  it('has a body of a known length, also where that comes in pieces: R2 takes no other', async () => {
    const pieces = ['{"a":', '"ü"}'].map((text) => new TextEncoder().encode(text))
    const stored: BodyStream = {
      size: 10,
      part: () => stored,
      async *[Symbol.asyncIterator]() {
        yield* pieces
      },
    }
    for (const body of [await make().text(), stored]) {
      await env.BUCKET.put('body', new OwnRequest('https://example.com/x', { method: 'POST' }, body).body)
      expect(await (await env.BUCKET.get('body'))?.text()).toBe('{"a":"ü"}')
    }
    await env.BUCKET.delete('body')
  })

  it('rejects what is no JSON, with the error of the platform', async () => {
    await expect(make('{').json()).rejects.toThrow(SyntaxError)
  })
})

describe('what the platform knows of a client', () => {
  it('is on the request of the handler', () => {
    const live = new Request('https://example.com/x', { cf: { country: 'AT' } } as RequestInit)
    expect(detachedRequest(workersSubmission(live, {}, undefined), null)).toMatchObject({ cf: { country: 'AT' } })
  })
})

describe('what middleware has put on the request', () => {
  it('is on that of the handler, also where it is got and not set', async () => {
    const taken = Object.defineProperty(new Request('https://example.com/x', { headers: { 'x-user': 'ann' } }), 'user', {
      get(this: Request) {
        return this.headers.get('x-user')
      },
      enumerable: true,
    })
    const seen: unknown[] = []
    const handler = (request: Request) => {
      seen.push(Reflect.get(detachedRequest(workersSubmission(request, {}, undefined), null), 'user'))
      return new Response()
    }
    for (const router of [Router(), AutoRouter()]) await router.all('*', handler).fetch(taken)
    expect(seen).toEqual(['ann', 'ann'])
  })

  it('is not the proxy of the live request, which a router inside of the handler would take in its place', async () => {
    const inner = Router().all('*', (request) => request)
    const handler = (request: Request) => {
      const own = detachedRequest(workersSubmission(request, {}, undefined), null)
      return inner.fetch(own).then((routed: unknown) => routed === own)
    }
    expect(await Router().all('*', withParams, handler).fetch(new Request('https://example.com/x'))).toBe(true)
  })
})

describe('the response of a handler', () => {
  const sink = { after: 100, write: vi.fn(async () => {}), begin: vi.fn() }
  it.each([
    ['application/json', false],
    ['application/json; charset=utf-8', false],
    ['application/jsonl', true],
    ['application/json-seq', true],
    ['text/plain', true],
  ])('of %s is read as it comes: %s', async (type, isLive) => {
    sink.begin.mockClear()
    const lines = new Blob(['{"n":1}\n']).stream()
    const { body } = await captureReturned(new Response(lines, { headers: { 'content-type': type } }), { maxResultBytes: 1_000, sink })
    expect(new TextDecoder().decode(body as Uint8Array)).toBe('{"n":1}\n')
    expect(sink.begin).toHaveBeenCalledTimes(isLive ? 1 : 0)
  })

  it.each([
    ['a response', Response.json('x'.repeat(99))],
    ['a value', 'x'.repeat(99)],
  ])('goes to the sink where it is large: %s', async (_, returned) => {
    sink.write.mockClear()
    expect(await captureReturned(returned, { maxResultBytes: 1_000, sink })).toMatchObject({ status: 200, body: null })
    expect(sink.write.mock.calls).toEqual([[new TextEncoder().encode(`"${'x'.repeat(99)}"`)]])
  })

  it('is not read where it says itself that it is too large', async () => {
    const cancel = vi.fn()
    const headers = { 'content-type': 'application/json', 'content-length': '1001' }
    const captured = captureReturned(new Response(new ReadableStream({ cancel }), { headers }), { maxResultBytes: 1_000 })
    await expect(captured).rejects.toThrow(/larger than 1000 bytes/)
    expect(cancel).toHaveBeenCalledOnce()
  })

  it.each([undefined, null])('is none where the handler returned %s', async (returned) => {
    await expect(captureReturned(returned, { maxResultBytes: 1_000 })).rejects.toMatchObject({ code: 'handler_passed' })
  })

  const used = Response.json('read')
  it.each([
    ['a function', () => () => {}],
    ['a symbol', () => Symbol('x')],
    ['an object without JSON', () => ({ toJSON() {} })],
    ['a number without JSON', () => 10n],
    ['Response.error()', () => Response.error()],
    ['a response whose body was read', () => used.text().then(() => used)],
    [
      'a WebSocket',
      () => new Response(null, { status: 101, webSocket: new WebSocketPair()[0], headers: { 'content-type': 'application/json' } }),
    ],
  ])('fails the job at once where it cannot be kept: %s', async (_, returned) => {
    await expect(captureReturned(await returned(), { maxResultBytes: 1_000 })).rejects.toThrow(TypeError)
  })
})

describe('the place of the job routes', () => {
  const place = (path: string, route?: string, mount = '/jobs') => {
    const router = Router()
    const request = new Request(`https://example.com${path}`)
    if (route === undefined) return placeOf(request, mount)
    router.all(route, (routed: Request) => placeOf(routed, mount) ?? 'none')
    return router.fetch(request)
  }

  it.each([
    ['/jobs/1/result', undefined, '/jobs', '/1/result'],
    ['/jobs', undefined, '/jobs', ''],
    ['/jobs?limit=1', undefined, '/jobs', ''],
    ['/jobs/1', '*', '/jobs', '/1'],
    ['/jobs/1', '/*', '/jobs', '/1'],
    ['/api/v1/jobs/1?x=/', '/api/v1/jobs/*', '/api/v1/jobs', '/1'],
    ['/api/v1/jobs', '/api/v1/jobs/*', '/api/v1/jobs', ''],
    ['/ann/jobs/1', '/:user/jobs/*', '/ann/jobs', '/1'],
    ['/ann/jobs', '/:user/jobs/*', '/ann/jobs', ''],
    ['/xobs/1', '/xobs/*', '/xobs', '/1'],
    ['/en/jobs/1/result', '/:lang?/jobs/*', '/en/jobs', '/1/result'],
    ['/jobs/1/result', '/:lang?/jobs/*', '/jobs', '/1/result'],
    ['/a/b%20/jobs/1', '/:folder+/jobs/*', '/a/b%20/jobs', '/1'],
    ['/v1.2/jobs/1', '/v:major.:minor/jobs/*', '/v1.2/jobs', '/1'],
  ])('%s at %s', async (path, route, mount, rest) => {
    expect(await place(path, route)).toEqual({ mount, rest })
  })

  it.each([
    ['/api/jobs/1', '/api/*', '/api/jobs', '/1'],
    ['/api/jobs', '/api/*', '/api/jobs', ''],
    ['/api/jobs/1', '*', '/api/jobs', '/1'],
    ['/v1/jobs/1', '/:version/*', '/v1/jobs', '/1'],
  ])('%s at %s, which takes other requests, too', async (path, route, mount, rest) => {
    expect(await place(path, route, mount)).toEqual({ mount, rest })
  })

  it('may be the root', () => {
    expect(place('/1/result', undefined, '')).toEqual({ mount: '', rest: '/1/result' })
  })

  it.each([
    ['/jobsx', undefined],
    ['/other/1', '/*'],
    ['/other', undefined],
    ['/other/1', '*'],
  ])('is not %s at %s', async (path, route) => {
    expect(await place(path, route)).toBe(route && 'none')
  })
})
