import { createHash } from 'node:crypto'
import type { RequestWithJob } from '@respond-async/core/fetch'
import { pattern } from './cases'
import { throwing } from './throwing'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const sha256 = (bytes: ArrayBuffer) => createHash('sha256').update(new Uint8Array(bytes)).digest('hex')
const typed = (type: string) => ({ headers: { 'content-type': type } })

/** What the cases describe, as people write it for `Bun.serve` and `Deno.serve`. */
export const fetchHandlers: Record<string, (request: RequestWithJob) => Response | Promise<Response>> = {
  json: () => Response.json({ month: '2026-01', total: 3, note: 'Grüße' }, { status: 201, headers: { 'x-report': '2026-01' } }),
  text: () => new Response('Grüße, 世界 👋\n'),
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
    new Response('ok', { headers: { 'cache-control': 'max-age=60', etag: '"v1"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' } }),
  stream: () => {
    const chunks = ['one,', 'two,', 'three\n']
    const body = new ReadableStream({
      async pull(controller) {
        await turn()
        const chunk = chunks.shift()
        if (chunk === undefined) controller.close()
        else controller.enqueue(new TextEncoder().encode(chunk))
      },
    })
    return new Response(body, typed('text/csv'))
  },
  'stream-large': () => {
    const bytes = pattern(1_048_576)
    let at = 0
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(bytes.subarray(at, at + 16_384))
        at += 16_384
        if (at === bytes.length) controller.close()
      },
    })
    return new Response(body, typed('application/octet-stream'))
  },
  'client-error': () => Response.json({ errors: ['month is missing'] }, { status: 422, headers: { 'x-check': 'failed' } }),
  'server-error': () =>
    new Response('<h1>Back soon</h1>', { status: 503, headers: { 'content-type': 'text/html; charset=utf-8', 'retry-after': '120' } }),
  job: async ({ job }) => {
    await job.progress(50, 'half')
    return Response.json({ operation: job.operation, attempt: job.attempt, aborted: job.signal.aborted })
  },

  ...throwing,
  'broken-stream': () => {
    const body = new ReadableStream({
      async pull(controller) {
        controller.enqueue(new TextEncoder().encode('one'))
        await turn()
        controller.error(new Error('secret'))
      },
    })
    return new Response(body, typed('text/plain'))
  },
  // What is no response is what plain JavaScript may return: the request is passed on, and there is nothing behind it.
  passed: () => undefined as unknown as Response,
  never: () => new Promise<Response>(() => {}),

  'in-json': async (request) => Response.json({ body: await request.json() }),
  'in-form': async (request) => {
    const form = await request.formData()
    return Response.json({ month: form.get('month'), tag: form.getAll('tag'), note: form.get('note') })
  },
  'in-multipart': async (request) => {
    const form = await request.formData()
    const photo = form.get('photo')
    if (!(photo instanceof File)) return new Response('no photo', { status: 400 })
    const { name, type, size } = photo
    return Response.json({ title: form.get('title'), name, type, size, sha256: sha256(await photo.arrayBuffer()) })
  },
  'in-xml': async (request) => new Response(await request.text(), typed('application/xml')),
  'in-text': async (request) => Response.json({ text: await (await request.clone().blob()).text() }),
  'in-binary': async (request) => {
    const bytes = await new Response(request.body).arrayBuffer()
    return Response.json({ size: bytes.byteLength, sha256: sha256(bytes) })
  },
  'in-nothing': async (request) => Response.json({ size: (await request.arrayBuffer()).byteLength }),
  'in-query': ({ method, url }) => {
    const { searchParams } = new URL(url)
    const [month, empty, q] = ['month', 'empty', 'q'].map((name) => searchParams.get(name))
    return Response.json({ method, month, tag: searchParams.getAll('tag'), empty, q })
  },
  'in-params': ({ url }) => {
    const [section, page] = new URL(url).pathname.split('/').slice(-2)
    return Response.json({ section, page })
  },
  'in-headers': (request) => {
    const { headers } = new Request(request)
    return Response.json({ trace: headers.get('x-trace'), language: headers.get('accept-language'), type: headers.get('content-type') })
  },
  'in-put': async (request) => {
    const { pathname, search } = new URL(request.url)
    return Response.json({ method: request.method, url: pathname + search, body: await request.json() })
  },
}
