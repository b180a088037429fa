import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Context, type Handler, Hono } from 'hono'
import { setCookie } from 'hono/cookie'
import { stream, streamText } from 'hono/streaming'
import { pattern } from './cases'
import { throwing } from './throwing'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const sha256 = (bytes: ArrayBuffer | Uint8Array) => createHash('sha256').update(new Uint8Array(bytes)).digest('hex')
const report = new URL('report.csv', import.meta.url)

/** What the cases describe, as people write it in Hono. */
export const honoHandlers: Record<string, Handler> = {
  json: (c) => c.json({ month: '2026-01', total: 3, note: 'Grüße' }, 201, { 'x-report': '2026-01' }),
  text: (c) => c.text('Grüße, 世界 👋\n'),
  'text-untyped': (c) => {
    c.header('x-report', '2026-01')
    return c.body('ok')
  },
  html: (c) => c.html('<!doctype html><p>Grüße</p>'),
  binary: (c) => c.body(pattern(4096), 200, { 'content-type': 'application/octet-stream' }),
  'no-content': (c) => {
    c.header('x-done', 'yes')
    return c.body(null, 204)
  },
  empty: (c) => c.body(null, 200, { 'x-done': 'yes' }),
  cookies: (c) => {
    setCookie(c, 'a', '1')
    setCookie(c, 'b', '2', { httpOnly: true })
    return c.text('ok')
  },
  redirect: (c) => c.redirect('/files/report.pdf'),
  cached: (c) => {
    c.header('etag', '"v1"')
    c.header('last-modified', 'Thu, 01 Jan 2026 00:00:00 GMT')
    return c.text('ok', 200, { 'cache-control': 'max-age=60' })
  },
  stream: (c) => {
    c.header('content-type', 'text/csv')
    return stream(c, async (out) => {
      for (const chunk of ['one,', 'two,', 'three\n']) {
        await turn()
        await out.write(chunk)
      }
    })
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
    return new Response(body, { headers: { 'content-type': 'application/octet-stream' } })
  },
  file: async (c) => c.body(await readFile(report), 200, { 'content-type': 'text/csv' }),
  'client-error': (c) => c.json({ errors: ['month is missing'] }, 422, { 'x-check': 'failed' }),
  'server-error': (c) => {
    c.status(503)
    c.header('retry-after', '120')
    return c.html('<h1>Back soon</h1>')
  },
  job: async (c) => {
    const job = c.get('job')
    await job.progress(50, 'half')
    return c.json({ operation: job.operation, attempt: job.attempt, aborted: job.signal.aborted })
  },

  ...throwing,
  'broken-stream': (c) => {
    const body = new ReadableStream({
      async pull(controller) {
        controller.enqueue(new TextEncoder().encode('one'))
        await turn()
        controller.error(new Error('secret'))
      },
    })
    return c.body(body, 200, { 'content-type': 'text/plain' })
  },
  never: () => new Promise<Response>(() => {}),

  'in-json': async (c) => c.json({ body: await c.req.json() }),
  'in-form': async (c) => {
    const { month, tag, note } = await c.req.parseBody({ all: true })
    return c.json({ month, tag, note })
  },
  'in-multipart': async (c) => {
    const { title, photo } = await c.req.parseBody()
    if (!(photo instanceof File)) return c.text('no photo', 400)
    const { name, type, size } = photo
    return c.json({ title, name, type, size, sha256: sha256(await photo.arrayBuffer()) })
  },
  'in-xml': async (c) => c.body(await c.req.text(), 200, { 'content-type': 'application/xml' }),
  'in-text': async (c) => c.json({ text: await c.req.text() }),
  'in-binary': async (c) => {
    const bytes = await c.req.arrayBuffer()
    return c.json({ size: bytes.byteLength, sha256: sha256(bytes) })
  },
  'in-nothing': async (c) => c.json({ size: (await c.req.arrayBuffer()).byteLength }),
  'in-query': (c) => {
    const { method } = c.req
    const { month, empty, q } = c.req.query()
    return c.json({ method, month, tag: c.req.queries('tag'), empty, q })
  },
  'in-params': (c) => c.json({ section: c.req.param('section'), page: c.req.param('page') }),
  'in-params-encoded': (c) => c.json(c.req.param()),
  'in-headers': (c) =>
    c.json({ trace: c.req.header('x-trace'), language: c.req.header('Accept-Language'), type: c.req.header()['content-type'] }),
  'in-put': async (c) => {
    const { pathname, search } = new URL(c.req.url)
    return c.json({ method: c.req.method, url: pathname + search, body: await c.req.raw.json() })
  },
}

/** The same handlers reading the Web request: `c.req.raw`, and a copy of it. */
export const rawHandlers: Record<string, Handler> = {
  ...honoHandlers,
  text: () => new Response('Grüße, 世界 👋\n', { headers: { 'content-type': 'text/plain; charset=utf-8' } }),
  'text-untyped': () => new Response('ok', { headers: { 'x-report': '2026-01' } }),
  stream: (c) => {
    const made = streamText(c, async (out) => {
      for (const chunk of ['one,', 'two,', 'three\n']) {
        await turn()
        await out.write(chunk)
      }
    })
    made.headers.set('content-type', 'text/csv')
    return made
  },
  cookies: (c: Context) => {
    c.header('set-cookie', 'a=1; Path=/')
    c.header('set-cookie', 'b=2; Path=/; HttpOnly', { append: true })
    return new Response('ok')
  },
  'in-json': async (c) => c.json({ body: await c.req.raw.clone().json() }),
  'in-form': async (c) => {
    const form = await c.req.formData()
    return c.json({ month: form.get('month'), tag: form.getAll('tag'), note: form.get('note') })
  },
  'in-multipart': async (c) => {
    const form = await c.req.raw.formData()
    const photo = form.get('photo') as File
    const { name, type, size } = photo
    return c.json({ title: form.get('title'), name, type, size, sha256: sha256(await photo.arrayBuffer()) })
  },
  'in-text': async (c) => c.json({ text: await (await c.req.blob()).text() }),
  'in-binary': async (c) => {
    const bytes = await new Response(c.req.raw.body).arrayBuffer()
    return c.json({ size: bytes.byteLength, sha256: sha256(bytes) })
  },
  'in-nothing': async (c) => c.json({ size: (await c.req.raw.text()).length }),
  'in-headers': (c) => {
    const { headers } = new Request(c.req.raw)
    return c.json({ trace: headers.get('x-trace'), language: headers.get('accept-language'), type: headers.get('content-type') })
  },
}

/** Reads every body before the route does, as validators and loggers do. */
export function readingEverything(): Hono {
  const app = new Hono()
  app.use(async (c, next) => {
    const type = c.req.header('content-type') ?? ''
    if (type.startsWith('multipart/')) await c.req.formData()
    else if (type === 'application/json') await c.req.json()
    else if (type === 'application/octet-stream') await c.req.blob()
    else await c.req.text()
    await next()
  })
  return app
}
