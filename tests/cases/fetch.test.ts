import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import { createJobs, inProcess, type JobsOptions, memoryStore } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/core/fetch'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { casesFor } from './cases'
import { type Call, checkCase } from './check'
import { fetchHandlers } from './fetch'

const WAYS: Record<string, () => JobsOptions> = {
  inline: () => ({}),
  replay: () => ({ engine: inProcess({ replay: true }), store: memoryStore() }),
}
const cases = casesFor('workers')

/** A handler as `Bun.serve`, `Deno.serve` and node-server take it. */
function service(options: JobsOptions) {
  const jobs = createJobs({ ...options, onError: () => {} })
  void jobs.start()
  const routes = jobRoutes(jobs)
  const wrapped = new Map(
    cases.map(({ id, options }) => [
      id,
      respondAsync(jobs, { operation: id, ...options }, (request) => fetchHandlers[id]?.(request) as never),
    ]),
  )
  const fetch = async (request: Request): Promise<Response> => {
    const [, , id = ''] = new URL(request.url).pathname.split('/')
    return (await routes(request)) ?? (await wrapped.get(id)?.(request)) ?? new Response('nothing here', { status: 404 })
  }
  return { jobs, fetch }
}

describe.each(Object.keys(WAYS))('a fetch handler in process, %s', (way) => {
  const { fetch } = service(WAYS[way]?.() ?? {})
  it.each(cases)('$id: $title', (one) => checkCase(one, (path, init) => fetch(new Request(`http://localhost${path}`, init))))
})

describe.each(Object.keys(WAYS))('a fetch handler on Node, %s', (way) => {
  const { jobs, fetch: handler } = service(WAYS[way]?.() ?? {})
  let server: ServerType
  let call: Call
  beforeAll(async () => {
    await new Promise<void>((resolve) => {
      server = serve({ fetch: handler, port: 0, hostname: '127.0.0.1' }, () => resolve())
    })
    const { port } = server.address() as AddressInfo
    call = (path, init) => fetch(`http://127.0.0.1:${port}${path}`, { ...init, redirect: 'manual' })
  })
  afterAll(async () => {
    server.close()
    await jobs.stop({ drainMs: 0 })
  })
  it.each(cases)('$id: $title', (one) => checkCase(one, call))
})
