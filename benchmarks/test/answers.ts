/** What a contender answers to every request that is measured. */
import { request } from 'undici'
import { expect } from 'vitest'
import type { Server } from '../harness/server.ts'

export interface Seen {
  readonly status: number
  readonly fields: readonly string[]
  readonly size: number
}
export const SITUATIONS = ['accepted', 'unfinished', 'finished', 'not modified', 'result'] as const
export type Situation = (typeof SITUATIONS)[number]

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

export async function answers({ port }: Server): Promise<Record<Situation, Seen>> {
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

/** The same status, the same header fields, and bodies of about the same size: or their figures cannot be compared. */
export function expectTheSame(situation: Situation, byHand: Seen, others: Readonly<Record<string, Seen>>): void {
  expect(byHand.status).toBe(EXPECTED_STATUS[situation])
  for (const [name, other] of Object.entries(others)) {
    expect({ name, status: other.status, fields: other.fields }).toEqual({ name, status: byHand.status, fields: byHand.fields })
    expect(Math.abs(other.size - byHand.size)).toBeLessThanOrEqual(byHand.size * LARGEST_DIFFERENCE)
  }
}
