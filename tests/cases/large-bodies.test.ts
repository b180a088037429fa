import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { type ServerType, serve } from '@hono/node-server'
import { createJobs, inProcess, type Jobs, type JobsOptions, memoryStore } from '@respond-async/core'
import * as onFetch from '@respond-async/core/fetch'
import * as onExpress from '@respond-async/express'
import * as onHono from '@respond-async/hono'
import express5 from 'express'
import express4 from 'express4'
import { Hono } from 'hono'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type CountedBlobs, countedBlobs } from './blobs'
import { pattern } from './cases'

const MB = 1024 * 1024
const SIZE = 50 * MB + 12_345
const PIECE = 60_000
const LIMITS = { maxBodyBytes: 64 * MB, maxResultBytes: 64 * MB }
let bytes: Uint8Array<ArrayBuffer>
let sum = ''
beforeAll(() => {
  bytes = pattern(SIZE)
  sum = sha256(bytes)
})

const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')

/** Digest and number of the pieces of a body that is read as it comes. */
async function digest(body: AsyncIterable<Uint8Array> | null) {
  const hash = createHash('sha256')
  let [size, largest] = [0, 0]
  for await (const piece of body ?? []) {
    hash.update(piece)
    size += piece.length
    largest = Math.max(largest, piece.length)
  }
  return { size, largest, sha256: hash.digest('hex') }
}

/** What the handler streams, piece by piece and only when it is asked for the next one. */
function* pieces() {
  for (let at = 0; at < SIZE; at += PIECE) yield bytes.subarray(at, at + PIECE)
}

type Handler = (request: Request) => Response | Promise<Response>
const fetchHandlers: Record<string, Handler> = {
  in: async (request) => {
    const read = await digest(request.body as unknown as AsyncIterable<Uint8Array> | null)
    return Response.json({ ...read, length: request.headers.get('content-length') })
  },
  whole: async (request) => Response.json({ sha256: sha256(new Uint8Array(await request.arrayBuffer())) }),
  out: () =>
    new Response(Readable.toWeb(Readable.from(pieces())) as unknown as BodyInit, { headers: { 'content-type': 'application/x-report' } }),
  send: () => new Response(bytes, { headers: { 'content-type': 'application/x-report' } }),
  nothing: () => new Response(null, { status: 204 }),
}

function expressApp(express: typeof express5, jobs: Jobs) {
  const app = express()
  const wrap = (name: string, handler: Parameters<typeof onExpress.respondAsync>[2]) =>
    app.post(`/${name}`, onExpress.respondAsync(jobs, { operation: name, ...LIMITS }, handler))
  wrap('in', async (req, res) => void res.json({ ...(await digest(req)), length: req.headers['content-length'] ?? null }))
  wrap('whole', [express.raw({ limit: '60mb' }), (req, res) => void res.json({ sha256: sha256(req.body as Uint8Array) })])
  wrap('out', (_req, res) => void Readable.from(pieces()).pipe(res.type('application/x-report')))
  wrap('send', (_req, res) => void res.type('application/x-report').send(Buffer.from(bytes.buffer)))
  wrap('nothing', (_req, res) => void res.status(204).send(Buffer.from(bytes.buffer)))
  app.use('/jobs', onExpress.jobRoutes(jobs))
  return createServer(app)
}

function honoApp(jobs: Jobs) {
  const app = new Hono()
  for (const [name, handler] of Object.entries(fetchHandlers))
    app.post(
      `/${name}`,
      onHono.respondAsync(jobs, { operation: name, ...LIMITS }, (c) => handler(c.req.raw)),
    )
  app.route('/jobs', onHono.jobRoutes(jobs))
  return app.fetch
}

function fetchApp(jobs: Jobs): (request: Request) => Promise<Response> {
  const routes = new Map(
    Object.entries(fetchHandlers).map(([name, handler]) => [
      `/${name}`,
      onFetch.respondAsync(jobs, { operation: name, ...LIMITS }, handler),
    ]),
  )
  const toJobs = onFetch.jobRoutes(jobs)
  return async (request) =>
    (await toJobs(request)) ?? (await routes.get(new URL(request.url).pathname)?.(request)) ?? new Response(null, { status: 404 })
}

const served = (handler: (request: Request) => Response | Promise<Response>) =>
  new Promise<ServerType>((resolve) => {
    const server = serve({ fetch: handler, port: 0, hostname: '127.0.0.1' }, () => resolve(server))
  })
const listening = async (server: ServerType) => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
const FRAMEWORKS: Record<string, (jobs: Jobs) => Promise<ServerType>> = {
  'Express 5': (jobs) => listening(expressApp(express5, jobs)),
  'Express 4': (jobs) => listening(expressApp(express4, jobs)),
  Hono: (jobs) => served(honoApp(jobs)),
  'a fetch handler': (jobs) => served(fetchApp(jobs)),
}
const WAYS: Record<string, () => JobsOptions> = { inline: () => ({}), replay: () => ({ engine: inProcess({ replay: true }) }) }

for (const [framework, start] of Object.entries(FRAMEWORKS))
  for (const [way, options] of Object.entries(WAYS))
    describe(`${framework}, ${way}`, { timeout: 60_000 }, () => {
      let close = async () => {}
      afterEach(() => close())

      async function service(blobs: CountedBlobs) {
        const jobs: Jobs = createJobs({ store: memoryStore(), blobs, onError: () => {}, ...options() })
        await jobs.start()
        const server = await start(jobs)
        close = async () => {
          server.close()
          await jobs.stop({ drainMs: 0 })
        }
        const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
        const post = (path: string, init: RequestInit = {}) => fetch(origin + path, { method: 'POST', ...init })
        /** Where the result of a finished job is, and the status document. */
        const whole = async (path: string, init?: RequestInit) => {
          const accepted = await post(path, init)
          expect(accepted.status, await accepted.text()).toBe(202)
          for (;;) {
            const status = await fetch(origin + accepted.headers.get('location'), { headers: { prefer: 'wait=5' } })
            const document = (await status.json()) as { status: string; error?: { code: string }; result?: unknown }
            if (status.status === 200) return { document, url: `${origin}${accepted.headers.get('location')}/result` }
          }
        }
        return { post, whole }
      }

      it.each(['of announced length', 'of unknown length'])('a request body of 50 MB, %s, reaches the handler in pieces', async (how) => {
        const blobs = countedBlobs()
        const { whole } = await service(blobs)
        const announced = how === 'of announced length'
        const body = announced ? bytes : (Readable.toWeb(Readable.from(pieces())) as unknown as BodyInit)
        const { document } = await whole('/in', { body, duplex: 'half' } as RequestInit)
        const { largest, length, ...read } = document.result as Record<string, unknown>
        expect(read).toEqual({ size: SIZE, sha256: sum })
        expect(largest).toBeLessThanOrEqual(262_144)
        if (announced) expect(length).toBe(`${SIZE}`)
        expect(blobs.largest).toBe(262_144)
        expect(blobs.count).toBe(0) // nobody will read it again
      })

      it('a handler that wants all of a large body gets it', async () => {
        const { whole } = await service(countedBlobs())
        const { document } = await whole('/whole', { body: bytes, headers: { 'content-type': 'application/octet-stream' } })
        expect(document.result).toEqual({ sha256: sum })
      })

      it.each(['/out', '/send'])('a response body of 50 MB comes back byte for byte, and a part of it: %s', async (path) => {
        const blobs = countedBlobs()
        const { whole } = await service(blobs)
        const { url } = await whole(path)
        const response = await fetch(url)
        expect(response.headers.get('content-type')).toBe('application/x-report')
        expect(response.headers.get('content-length')).toBe(`${SIZE}`)
        expect(await digest(response.body as unknown as AsyncIterable<Uint8Array>)).toMatchObject({ size: SIZE, sha256: sum })
        expect(blobs.largest).toBe(262_144)

        const [first, last] = [3 * MB - 5, 9 * MB + 7]
        const part = await fetch(url, { headers: { range: `bytes=${first}-${last}` } })
        expect(part.status).toBe(206)
        expect(part.headers.get('content-range')).toBe(`bytes ${first}-${last}/${SIZE}`)
        expect(sha256(new Uint8Array(await part.arrayBuffer()))).toBe(sha256(bytes.subarray(first, last + 1)))

        const head = await fetch(url, { method: 'HEAD' })
        expect([head.headers.get('content-length'), await head.text()]).toEqual([`${SIZE}`, ''])
      })

      it('a response that may have no body has none', async () => {
        const { whole } = await service(countedBlobs())
        const response = await fetch((await whole('/nothing')).url)
        expect([response.status, await response.text()]).toEqual([204, ''])
      })

      it('refuses what is too large while it comes', async () => {
        const blobs = countedBlobs()
        const { post } = await service(blobs)
        const endless = (function* () {
          for (let at = 0; at < 80 * MB; at += MB) yield bytes.subarray(0, MB)
        })()
        const body = Readable.toWeb(Readable.from(endless)) as unknown as BodyInit
        const status = await post('/in', { body, duplex: 'half' } as RequestInit).then(
          (response) => response.status,
          () => 'the connection was closed',
        )
        expect([413, 'the connection was closed']).toContain(status)
      })

      it('answers 503 when the store takes no more of a request, and keeps nothing of it', async () => {
        const blobs = countedBlobs((what, _name, index) => {
          if (what === 'write' && index === 5) throw new Error('disk full')
        })
        const { post } = await service(blobs)
        const answer = await post('/in', { body: bytes.subarray(0, 4 * MB) })
        expect(answer.status).toBe(503)
        await expect.poll(() => blobs.count).toBe(0)
      })

      it.each(['/out', '/send'])('fails the job when the store takes no more of a response: %s', async (path) => {
        const blobs = countedBlobs((what, name, index) => {
          if (what === 'write' && name !== 'request' && index === 5) throw new Error('disk full')
        })
        const { whole } = await service(blobs)
        const { document } = await whole(path)
        expect(document).toMatchObject({ status: 'failed' })
        expect(JSON.stringify(document)).not.toContain('disk full')
      })

      it('fails the job when its request cannot be read back', async () => {
        const blobs = countedBlobs((what, name, index) => {
          if (what === 'read' && name === 'request' && index === 5) throw new Error('disk gone')
        })
        const { whole } = await service(blobs)
        expect((await whole('/in', { body: bytes.subarray(0, 4 * MB) })).document).toMatchObject({ status: 'failed' })
      })

      it('breaks a response off, instead of ending it, where its rest cannot be read', async () => {
        let broken = false
        const blobs = countedBlobs((what, _name, index) => {
          if (broken && what === 'read' && index === 5) throw new Error('disk gone')
        })
        const { whole } = await service(blobs)
        const { url } = await whole('/out')
        broken = true
        await expect(fetch(url).then((response) => response.arrayBuffer())).rejects.toThrow()
      })

      it('reads no further than the client', async () => {
        let read = 0
        const blobs = countedBlobs((what) => {
          if (what === 'read') read++
        })
        const { whole } = await service(blobs)
        const { url } = await whole('/out')
        const [response] = (await once(get(url), 'response')) as [IncomingMessage]
        await once(response, 'readable')
        response.destroy()
        await new Promise((resolve) => setImmediate(resolve))
        expect(read).toBeLessThan(SIZE / 262_144)
      })
    })
