import { env } from 'cloudflare:workers'
import { createJobs, type JobsOptions, memoryStore } from '@respond-async/core'
import { jobRoutes, respondAsync, type WorkersHandler } from '@respond-async/workers'
import { durableObjectStore, type JobNamespace, JobObject } from '@respond-async/workers/durable-object'
import { AutoRouter, type IRequest, IttyRouter, json, Router, withParams } from 'itty-router'
import { countedBlobs } from '../cases/blobs'
import { casesFor, pattern, patternOf } from '../cases/cases'
import { throwing } from '../cases/throwing'

export { JobObject }

type Handler = WorkersHandler<unknown, IRequest>

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0))
const hex = (buffer: ArrayBuffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('')
const sha256 = async (bytes: ArrayBuffer) => hex(await crypto.subtle.digest('SHA-256', bytes))
const typed = (type: string) => ({ headers: { 'content-type': type } })

/** A stream that is written by somebody else, as a proxied response is. */
function streamed(write: (writer: WritableStreamDefaultWriter<Uint8Array>) => Promise<void>): ReadableStream<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  write(writer).then(
    () => writer.close(),
    (error) => writer.abort(error),
  )
  return readable
}

/** What the cases describe, as people write it on Workers. */
const handlers: Record<string, Handler> = {
  json: () => json({ month: '2026-01', total: 3, note: 'Grüße' }, { status: 201, headers: { 'x-report': '2026-01' } }),
  text: () => new Response('Grüße, 世界 👋\n', typed('text/plain; charset=utf-8')),
  'text-untyped': () => new Response('ok', { headers: { 'x-report': '2026-01' } }),
  html: () => new Response('<!doctype html><p>Grüße</p>', typed('text/html; charset=utf-8')),
  binary: () => new Response(pattern(4096), typed('application/octet-stream')),
  'no-content': () => new Response(null, { status: 204, headers: { 'x-done': 'yes' } }),
  empty: () => new Response(null, { headers: { 'x-done': 'yes' } }),
  cookies: () => {
    const headers = new Headers()
    headers.append('set-cookie', 'a=1; Path=/')
    headers.append('set-cookie', 'b=2; Path=/; HttpOnly')
    return new Response('ok', { headers })
  },
  redirect: () => new Response(null, { status: 302, headers: { location: '/files/report.pdf' } }),
  cached: () =>
    new Response('ok', {
      headers: { 'cache-control': 'max-age=60', etag: '"v1"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' },
    }),
  stream: () => {
    const encoder = new TextEncoder()
    const body = streamed(async (writer) => {
      for (const chunk of ['one,', 'two,', 'three\n']) {
        await turn()
        await writer.write(encoder.encode(chunk))
      }
    })
    return new Response(body, typed('text/csv'))
  },
  'stream-large': () => {
    const bytes = pattern(1_048_576)
    let at = 0
    const body = new ReadableStream({
      pull(controller) {
        if (at === bytes.length) return controller.close()
        controller.enqueue(bytes.slice(at, at + 16_384))
        at += 16_384
      },
    })
    return new Response(body, typed('application/octet-stream'))
  },
  'client-error': () => json({ errors: ['month is missing'] }, { status: 422, headers: { 'x-check': 'failed' } }),
  'server-error': () =>
    new Response('<h1>Back soon</h1>', { status: 503, headers: { 'content-type': 'text/html; charset=utf-8', 'retry-after': '120' } }),
  job: async ({ job }) => {
    await job.progress(50, 'half')
    return json({ operation: job.operation, attempt: job.attempt, aborted: job.signal.aborted })
  },

  ...throwing,
  'broken-stream': () => {
    const body = streamed(async (writer) => {
      await writer.write(new TextEncoder().encode('one'))
      throw new Error('secret')
    })
    return new Response(body, typed('text/plain'))
  },
  passed: () => undefined,
  never: () => new Promise(() => {}),

  'in-json': async (request) => json({ body: await request.json() }),
  'in-form': async (request) => {
    const form = await request.formData()
    return json({ month: form.get('month'), tag: form.getAll('tag'), note: form.get('note') })
  },
  'in-multipart': async (request) => {
    const form = await request.formData()
    const photo = form.get('photo') as unknown as File
    const { name, type, size } = photo
    return json({ title: form.get('title'), name, type, size, sha256: await sha256(await photo.arrayBuffer()) })
  },
  'in-xml': async (request) => new Response(await request.text(), typed('application/xml')),
  'in-text': async (request) => json({ text: await request.text() }),
  'in-binary': async (request) => {
    const bytes = await request.arrayBuffer()
    return json({ size: bytes.byteLength, sha256: await sha256(bytes) })
  },
  'in-nothing': async (request) => json({ size: (await request.arrayBuffer()).byteLength }),
  'in-query': ({ method, url, query }) => {
    const params = query ?? Object.fromEntries([...new URL(url).searchParams])
    const tag = query ? query.tag : new URL(url).searchParams.getAll('tag')
    return json({ method, month: params.month, tag, empty: params.empty, q: params.q })
  },
  'in-params': ({ params }) => json({ section: params.section, page: params.page }),
  'in-headers': ({ headers }) =>
    json({ trace: headers.get('x-trace'), language: headers.get('accept-language'), type: headers.get('content-type') }),
  'in-put': async (request) => {
    const { pathname, search } = new URL(request.url)
    return json({ method: request.method, url: pathname + search, body: await request.json() })
  },
}

/** What a handler can see of its request object, in words. */
const look: Handler = async (request) => {
  const copy = request.clone() // and `new Request(url, request)`, which fails on the Proxy of withParams
  const again = new Request('https://elsewhere.example/', request)
  return json({
    isRequest: request instanceof Request,
    body: [await copy.text(), await again.text()],
    hasBody: copy.body !== null,
    keys: Object.keys(request).filter((key) => key !== 'cf' && key !== 'proxy'),
    params: request.params,
    query: request.query,
    route: request.route,
    shortcut: request.section ?? null,
    user: request.user ?? null,
    job: request.job.operation,
  })
}
const signIn = (request: IRequest) => {
  request.user = { id: 7, roles: ['reader'] }
}

const { MODE = '', ROUTER = '', JOBS } = env as unknown as { MODE?: string; ROUTER?: string; JOBS: JobNamespace }
/** `replay`: every job starts later, and so in its object, under the alarm. */
const ways: Record<string, () => JobsOptions<IRequest>> = {
  inline: () => ({ store: memoryStore() }),
  'inline, in chunks': () => ({ store: memoryStore(), blobs: countedBlobs() }),
  'inline, stored': () => ({ store: durableObjectStore(JOBS) }),
  replay: () => ({ store: durableObjectStore(JOBS), defaults: { delayMs: 1 } }),
}
const jobs = createJobs<IRequest>({ ...ways[MODE]?.(), path: '/api/jobs', onError() {} })
const wrapped = casesFor('workers').map((one) => {
  const handler = handlers[one.id]
  if (!handler) throw new Error(`no handler for case ${one.id}`)
  return { path: patternOf(one), handler: respondAsync(jobs, { operation: one.id, ...one.options }, handler) }
})
const seen = respondAsync(jobs, { operation: 'look', carry: ({ user }) => ({ user }) }, look)
const plain = respondAsync<unknown, IRequest>(jobs, 'plain', () => ({ list: [1, 2], note: 'Grüße' }))

const routers = {
  IttyRouter: () => IttyRouter<IRequest, [unknown, ExecutionContext]>(),
  'IttyRouter withParams': () => IttyRouter<IRequest, [unknown, ExecutionContext]>().all('*', withParams),
  Router: () => Router<IRequest, [unknown, ExecutionContext]>(),
  AutoRouter: () => AutoRouter(),
}

function routed(router: ReturnType<(typeof routers)['Router']>) {
  for (const { path, handler } of wrapped) router.all(path, handler)
  router.all('/look/:section', signIn, seen).post('/plain', plain)
  router.all('/api/jobs/*', jobRoutes(jobs)).all('/api/*', () => new Response('passed on', { status: 418 }))
  return router
}

/** No router at all: a switch on the path. */
const bare: ExportedHandler = {
  async fetch(incoming, env, ctx) {
    const request = incoming as unknown as IRequest // without what a router would put on it
    const answer = await jobRoutes(jobs)(request, env, ctx)
    if (answer) return answer
    const { pathname } = new URL(request.url)
    if (pathname === '/plain') return plain(request, env, ctx)
    const route = wrapped.find(({ path }) => path === pathname)
    return route ? route.handler(request, env, ctx) : new Response('passed on', { status: 418 })
  },
}

const make = routers[ROUTER as keyof typeof routers]
export default make ? routed(make() as ReturnType<(typeof routers)['Router']>) : bare
