import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import { createJobs, inProcess, type JobsOptions, memoryStore } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { type Handler, Hono } from 'hono'
import { compress } from 'hono/compress'
import { cors } from 'hono/cors'
import { secureHeaders } from 'hono/secure-headers'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { casesFor, patternOf } from './cases'
import { type Call, checkCase, compare } from './check'
import { honoHandlers, rawHandlers, readingEverything } from './hono'

const WAYS: Record<string, () => JobsOptions> = {
  inline: () => ({}),
  replay: () => ({ engine: inProcess({ replay: true }), store: memoryStore() }),
}
const APPS: Record<string, () => Hono> = {
  'the bare application': () => new Hono(),
  'middleware that has read the body': readingEverything,
  'middleware that writes on every answer': () => {
    const app = new Hono()
    app.use(cors(), secureHeaders())
    app.use('/cases/*', compress())
    return app
  },
}
const HANDLERS = { 'c.req': honoHandlers, 'c.req.raw': rawHandlers }

function mounted(app: Hono, options: JobsOptions, handlers: Record<string, Handler>) {
  const jobs = createJobs({ ...options, onError: () => {} })
  void jobs.start()
  for (const one of casesFor('hono'))
    app.on(one.request.method, patternOf(one), respondAsync(jobs, { operation: one.id, ...one.options }, handlers[one.id] as Handler))
  app.route('/jobs', jobRoutes(jobs))
  return jobs
}

for (const [way, options] of Object.entries(WAYS))
  for (const [earlier, make] of Object.entries(APPS))
    for (const [reading, handlers] of Object.entries(HANDLERS))
      describe(`Hono on Node, ${way}, ${earlier}, ${reading}`, () => {
        const app = make()
        const jobs = mounted(app, options(), handlers)
        let server: ServerType
        let call: Call
        beforeAll(async () => {
          await new Promise<void>((resolve) => {
            server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve())
          })
          const { port } = server.address() as AddressInfo
          call = (path, init) => fetch(`http://127.0.0.1:${port}${path}`, { ...init, redirect: 'manual' })
        })
        afterAll(async () => {
          server.close()
          await jobs.stop({ drainMs: 0 })
        })

        it.each(casesFor('hono'))('$id: $title', (one) => checkCase(one, call))
      })

describe.each(Object.keys(WAYS))('Hono in process, %s', (way) => {
  const app = new Hono()
  mounted(app, WAYS[way]?.() ?? {}, honoHandlers)
  it.each(casesFor('hono'))('$id: $title', (one) => checkCase(one, async (path, init) => app.request(path, init)))
})

describe.each(Object.keys(HANDLERS) as (keyof typeof HANDLERS)[])('the handlers of the cases without a wrapper, %s', (reading) => {
  it('answer what the cases expect', async () => {
    const app = new Hono()
    app.use(cors()) // makes Hono send c.header() with a response that the context did not make
    const cases = casesFor('hono').filter((one) => one.id !== 'job')
    for (const one of cases) app.on(one.request.method, patternOf(one), HANDLERS[reading][one.id] as Handler)
    for (const { request, expect } of cases) if (!('failure' in expect)) await compare(await app.request(request.path, request), expect)
  })
})
