import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createJobs } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import express5, { type Request, type RequestHandler } from 'express'
import express4 from 'express4'
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'

const name = fc.constantFrom('X-Own', 'x-own', 'Link', 'Content-Type', 'Cache-Control', 'ETag', 'Date', 'Set-Cookie')
const value = fc.oneof(fc.constantFrom('a', 'text/plain'), fc.constantFrom(['a', 'b'], ['c']))
const status = fc.constantFrom<number | string>(200, 201, 204, 304, 404, 500, '404', 200.5)
const text = fc.constantFrom('', 'a', 'Grüße', '{"a":1}', 'long '.repeat(1_000))
const method = <Name extends string, Args extends fc.Arbitrary<unknown>[]>(names: Name[], ...args: Args) =>
  fc.tuple(fc.constantFrom(...names), ...args)
/** What a handler does with its response: methods and their arguments, in any order. */
const calls = fc.array(
  fc.oneof(
    method(['setHeader', 'appendHeader', 'set', 'append'], name, value),
    method(['removeHeader'], name),
    method(['status', 'writeHead', 'sendStatus'], status),
    method(['writeHead'], status, fc.dictionary(name, value, { maxKeys: 2 })),
    method(['writeHead'], status, fc.constant('A reason'), fc.constant(['X-Own', '1', 'x-own', '2'])),
    method(['write'], text, fc.constantFrom('utf8', 'latin1', 'utf16le')),
    method(['write', 'end', 'send', 'json', 'jsonp'], text),
    method(['type', 'vary', 'attachment', 'location', 'redirect'], fc.constantFrom('html', 'a.txt', '/to')),
    method(['cookie', 'clearCookie'], fc.constant('a'), fc.constant('b')),
    method(['flushHeaders']),
  ) as fc.Arbitrary<readonly [string, ...unknown[]]>,
  { maxLength: 6 },
)

/** Header fields of the connection and of the server, and those that a result has besides. */
const OTHERS = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'sunset', 'accept-ranges'])
const answerOf = async (response: Response) => ({
  status: response.status,
  fields: [...response.headers].filter(([name, value]) => !OTHERS.has(name) && !(name === 'date' && value.endsWith('GMT'))),
  body: await response.text(),
})

it.each([
  ['Express 5', express5],
  ['Express 4', express4],
])('a result is what the handler would have answered, whatever it does: %s', async (_version, express) => {
  let todo: readonly (readonly [string, ...unknown[]])[] = []
  let seen: unknown[] = []
  const handler: RequestHandler = (_req, res) => {
    seen = []
    const methods = res as unknown as Record<string, (...args: unknown[]) => unknown>
    // Cloned: appendHeader() changes the list that setHeader() was given.
    for (const [name, ...args] of structuredClone([...todo, ['end'] as const])) {
      if (res.writableEnded) return // what follows is ignored
      try {
        methods[name]?.(...args)
      } catch (error) {
        seen.push((error as NodeJS.ErrnoException).code)
      }
      seen.push([name, res.headersSent, res.statusCode, { ...res.getHeaders() }])
    }
    if (!res.writableEnded) res.destroy()
  }
  const jobs = createJobs<Request>({ onError: () => {} })
  const app = express()
  app.post('/direct', handler)
  app.post('/wrapped', respondAsync(jobs, 'op', handler))
  app.use('/jobs', jobRoutes(jobs))
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const call = (path: string, init: RequestInit = {}) => fetch(origin + path, { redirect: 'manual', ...init })

  const property = fc.asyncProperty(calls, async (some) => {
    todo = some
    const direct = await answerOf(await call('/direct', { method: 'POST' }))
    const before = seen
    const location = (await call('/wrapped', { method: 'POST' })).headers.get('location')
    await (await call(`${location}`, { headers: { prefer: 'wait=5' } })).text()
    const result = await answerOf(await call(`${location}/result`))
    expect(seen).toEqual(before)
    const isPrivate = direct.fields.some(([name]) => name === 'cache-control')
    expect({ ...result, fields: result.fields.filter(([name]) => isPrivate || name !== 'cache-control') }).toEqual(direct)
  })
  await fc.assert(property, { numRuns: 50 })
})
