import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FuzzRequest, requests, STATUSES } from './requests'

/** How many requests each adapter has to stand. */
const REQUESTS = 10_000
const AT_ONCE = 20

/**
 * A server under test: `POST /work` is wrapped and answers 200 with JSON, `POST /fails` is wrapped and throws, the job routes are at
 * `/jobs`, the owner is the `x-user` field, CORS is on for https://app.example, bodies are limited to 1 kB.
 */
export interface FuzzServer {
  readonly url: string
  close(): Promise<void> | void
}

interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Throws whatever can be sent at a server: every answer is one of the protocol, and the server is there afterwards. */
export function fuzzTarget(title: string, start: () => Promise<FuzzServer>): void {
  describe(title, () => {
    const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
    let server: FuzzServer
    let ids: Record<string, string>
    beforeAll(async () => {
      server = await start()
      const made = async (user: string) =>
        String((await send({ method: 'POST', path: '/work', headers: { 'x-user': user }, body: null })).headers.location)
      ids = { '<id>': (await made('alice')).slice('/jobs/'.length), '<other>': (await made('carol')).slice('/jobs/'.length) }
    }, 60_000)
    afterAll(async () => {
      agent.destroy()
      await server.close()
    })

    const send = ({ method, path, headers, body }: FuzzRequest) =>
      new Promise<Reply>((resolve, reject) => {
        const to = new URL(server.url)
        const filled = path.replace(/<\w+>/g, (name) => ids[name] ?? name)
        const own = { ...headers, ...(body === null ? {} : { 'content-length': body.length }) }
        const sent = request({ agent, host: to.hostname, port: to.port, method, path: filled, headers: own }, (reply) => {
          let text = ''
          reply.setEncoding('utf8')
          reply.on('data', (chunk: string) => {
            text += chunk
          })
          reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: text }))
          reply.on('error', reject)
        })
        sent.on('error', reject)
        sent.end(body ?? undefined)
      })

    const makeJob = async (user: string) => {
      const { headers } = await send({ method: 'POST', path: '/work', headers: { 'x-user': user }, body: null })
      return String(headers.location).slice('/jobs/'.length)
    }

    test(`${REQUESTS} requests have defined answers`, async () => {
      const seen = new Map<number, number>()
      const batches = fc.array(requests, { minLength: AT_ONCE, maxLength: AT_ONCE })
      await fc.assert(
        fc.asyncProperty(batches, async (batch) => {
          ids = { '<id>': await makeJob('alice'), '<other>': await makeJob('carol') }
          for (const [at, reply] of (await Promise.all(batch.map(send))).entries()) {
            seen.set(reply.status, (seen.get(reply.status) ?? 0) + 1)
            judge(batch[at] as FuzzRequest, reply)
          }
        }),
        { numRuns: REQUESTS / AT_ONCE },
      )
      // It was no monologue: what is right was done, what is wrong was told.
      for (const status of [200, 202, 204, 304, 400, 404, 405]) expect(seen.get(status) ?? 0, `answers with ${status}`).toBeGreaterThan(0)
    }, 300_000)

    test('and a whole life goes on as before', async () => {
      const accepted = await send({ method: 'POST', path: '/work', headers: { 'x-user': 'dora' }, body: null })
      expect(accepted.status).toBe(202)
      const path = String(accepted.headers.location)
      const waited = await send({ method: 'GET', path, headers: { 'x-user': 'dora', prefer: 'wait=20' }, body: null })
      expect(JSON.parse(waited.body)).toMatchObject({ status: 'succeeded', result: { fine: true } })
    })
  })
}

/** What holds for every answer. */
function judge(sent: FuzzRequest, { status, headers, body }: Reply): void {
  const told = JSON.stringify({ ...sent, body: sent.body && Buffer.from(sent.body).toString('latin1') })
  // The result of a job that threw has the status of its failure: that is the answer, not an accident.
  const failure =
    status === 500 && headers['content-type'] === 'application/problem+json' && sent.method !== 'HEAD' ? JSON.parse(body) : undefined
  const isFailure = failure?.code === 'handler_failed' || (status === 500 && sent.method === 'HEAD' && /result/.test(sent.path))
  expect(STATUSES.has(status) || isFailure, `${status} to ${told}`).toBe(true)
  if (sent.method === 'HEAD' || status === 204 || status === 304) expect(body, told).toBe('')
  if (headers['content-type'] === 'application/problem+json' && sent.method !== 'HEAD') {
    expect(JSON.parse(body), told).toMatchObject({ status, code: expect.any(String), title: expect.any(String) })
    expect(headers['cache-control'], told).toBe('no-store')
  }
  if (headers['content-type'] === 'application/json' && sent.method !== 'HEAD' && status !== 206) JSON.parse(body)
  for (const name of ['location', 'content-location']) {
    const link = headers[name]
    if (link !== undefined) expect(link, told).toMatch(/^\/jobs\/[\w.~-]+(\/result)?$/)
  }
  if (headers['retry-after'] !== undefined) expect(headers['retry-after'], told).toMatch(/^[1-9]\d*$/)
  expect(body, told).not.toMatch(/evil\.example|secret of the handler|node_modules/)
}
