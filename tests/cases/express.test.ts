import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createJobs, inProcess, type Jobs, type JobsOptions, memoryStore } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import express5, { type Express, type Request, type RequestHandler } from 'express'
import express4 from 'express4'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { casesFor, patternOf } from './cases'
import { checkCase, compare } from './check'
import { expressHandlers } from './express'

const EARLIER: Record<string, (express: typeof express5) => RequestHandler[]> = {
  'the bare application': () => [],
  'parsers before the route': (express) => [
    express.json(),
    express.urlencoded({ extended: true }),
    express.text({ type: ['application/xml'] }),
  ],
}
const ENGINES: Record<string, () => JobsOptions<Request>> = {
  inline: () => ({}),
  replay: () => ({ engine: inProcess({ replay: true }), store: memoryStore() }),
}

for (const [version, express] of Object.entries({ 'Express 5': express5, 'Express 4': express4 }))
  for (const [way, options] of Object.entries(ENGINES))
    for (const [earlier, middleware] of Object.entries(EARLIER))
      describe(`${version}, ${way}, ${earlier}`, () => {
        const jobs: Jobs<Request> = createJobs({ ...options(), onError: () => {} })
        const app: Express = express()
        const cases = casesFor('express')
        let server: Server
        let origin: string
        const call = (path: string, init: RequestInit) => fetch(origin + path, { ...init, redirect: 'manual' })

        beforeAll(async () => {
          await jobs.start()
          for (const handler of middleware(express)) app.use(handler)
          for (const one of cases)
            app.all(patternOf(one), respondAsync(jobs, { operation: one.id, ...one.options }, [expressHandlers[one.id] ?? []].flat()))
          app.use('/jobs', jobRoutes(jobs))
          server = createServer(app).listen(0, '127.0.0.1')
          await once(server, 'listening')
          origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
        })
        afterAll(async () => {
          server.close()
          await jobs.stop({ drainMs: 0 })
        })

        it.each(cases)('$id: $title', (one) => checkCase(one, call))
      })

describe('the handlers of the cases without a wrapper', () => {
  it('answer what the cases expect', async () => {
    const app = express5()
    const cases = casesFor('express').filter((one) => one.id !== 'job')
    for (const one of cases) app.all(patternOf(one), ...([expressHandlers[one.id] ?? []].flat() as RequestHandler[]))
    const server = createServer(app).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    try {
      for (const { request, expect } of cases)
        if (!('failure' in expect))
          await compare(await fetch(`http://127.0.0.1:${port}${request.path}`, { ...request, redirect: 'manual' }), expect)
    } finally {
      server.close()
    }
  })
})
