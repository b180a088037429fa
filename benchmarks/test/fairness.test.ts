/**
 * The contenders of a framework must answer the same, or their figures cannot be compared: the same status and header fields, and
 * bodies of about the same size, for every request that is measured. Expects a build.
 */
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Contender, GROUPS, type Kind } from '../harness/contenders.ts'
import { type Server, startServer } from '../harness/server.ts'

interface Seen {
  readonly status: number
  readonly fields: readonly string[]
  readonly size: number
}
const SITUATIONS = ['accepted', 'unfinished', 'finished', 'not modified', 'result'] as const
type Situation = (typeof SITUATIONS)[number]

/** Fields that belong to the connection or the moment. */
const LEFT_OUT = ['date', 'connection', 'keep-alive']
const LARGEST_DIFFERENCE = 0.05

async function ask(
  url: string,
  options?: Parameters<typeof request>[1],
): Promise<Seen & { headers: Record<string, unknown>; text: string }> {
  const { statusCode: status, headers, body } = await request(url, options)
  const text = await body.text()
  const fields = Object.keys(headers).filter((name) => !LEFT_OUT.includes(name))
  return { status, fields: fields.sort(), size: Buffer.byteLength(text), headers, text }
}

async function answers({ port }: Server): Promise<Record<Situation, Seen>> {
  const origin = `http://127.0.0.1:${port}`
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ month: '2026-10', rows: 1200, takesMs: 0 })
  const held = await ask(`${origin}/holds`, { method: 'POST', headers, body })
  const accepted = await ask(`${origin}/reports`, { method: 'POST', headers, body })

  let unfinished: Awaited<ReturnType<typeof ask>>
  do unfinished = await ask(origin + held.headers.location)
  while (JSON.parse(unfinished.text).status !== 'running')
  const url = origin + accepted.headers.location
  let finished: Awaited<ReturnType<typeof ask>>
  do finished = await ask(url)
  while (finished.status === 202)
  const notModified = await ask(url, { headers: { 'if-none-match': String(finished.headers.etag) } })
  return { accepted, unfinished, finished, 'not modified': notModified, result: await ask(`${url}/result`) }
}

const EXPECTED_STATUS: Record<Situation, number> = { accepted: 202, unfinished: 202, finished: 200, 'not modified': 304, result: 200 }

describe.each(GROUPS.filter(({ contenders }) => contenders.length > 1))('$title', ({ contenders }) => {
  const seen = new Map<Kind, Record<Situation, Seen>>()
  const servers: Server[] = []

  beforeAll(async () => {
    const start = async (contender: Contender) => {
      const server = await startServer(contender)
      servers.push(server)
      seen.set(contender.kind, await answers(server))
    }
    for (const contender of contenders) await start(contender)
  }, 60_000)
  afterAll(() => Promise.all(servers.map((server) => server.stop())))

  test.each(SITUATIONS)('%s: the same status, header fields and size of body', (situation) => {
    const byHand = seen.get('hand-written')?.[situation] as Seen
    expect(byHand.status).toBe(EXPECTED_STATUS[situation])
    for (const kind of ['bare', 'respond-async'] as const) {
      const other = seen.get(kind)?.[situation] as Seen
      expect({ kind, status: other.status, fields: other.fields }).toEqual({ kind, status: byHand.status, fields: byHand.fields })
      expect(Math.abs(other.size - byHand.size)).toBeLessThanOrEqual(byHand.size * LARGEST_DIFFERENCE)
    }
  })
})
