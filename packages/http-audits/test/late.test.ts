import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type AuditOptions, runAudits } from '../src/index'
import { report } from '../src/report'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

type Answers = (path: string, init: RequestInit) => Response | Promise<Response> | undefined
const never = () => new Promise<never>(() => {})
const DOCUMENT = { id: '1', operation: 'audit-work', status: 'running', links: { self: '/jobs/1' } }
const accepted = () => Response.json(DOCUMENT, { status: 202, headers: { location: '/jobs/1' } })

/** What comes of an application in this process that answers so, and takes every job, within an hour. */
async function audited(answers: Answers, options: Partial<AuditOptions> = {}) {
  let asked = 0
  const fetch: AuditOptions['fetch'] = async (url, init) => {
    asked++
    return (await answers(new URL(url).pathname, init)) ?? accepted()
  }
  const run = runAudits({ url: 'http://localhost', timeoutMs: 1_000, features: ['release'], only: ['CAP1'], ...options, fetch })
  const come = run.then(
    ([result]) => result?.why,
    (error: Error) => error.message,
  )
  await vi.advanceTimersByTimeAsync(3_600_000)
  return { said: await Promise.race([come, 'it still runs']), asked: () => asked }
}

it('a server that never says what it has is given up', async () => {
  const { said } = await audited(never, { features: undefined })
  expect(said).toBe('http://localhost/audit cannot be reached (not finished within 1000 ms): start the server, or check the URL.')
  const endless = () => new Response(new ReadableStream({ pull: never }))
  expect((await audited(endless, { features: undefined })).said).toMatch('cannot be reached')
})

it('a server that lets go of nothing holds up no other audit', async () => {
  const { said } = await audited((path) => (path.startsWith('/audit/release/') ? never() : undefined), { only: ['CAN2'] })
  expect(said).not.toBe('it still runs')
})

it('an audit that has run out of time says what it was waiting for, and asks nothing more', async () => {
  const { said, asked } = await audited(() => undefined)
  expect(said).toBe(`the job has not finished; its last answer was 202 ${JSON.stringify(DOCUMENT)}`)
  const before = asked()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked()).toBe(before)
})

it('a request that broke off is named, with the reason', async () => {
  const reset = () => Promise.reject(new TypeError('fetch failed', { cause: new Error('read ECONNRESET') }))
  expect((await audited(reset)).said).toBe('POST /audit/work was not answered: read ECONNRESET')
  const refused = () =>
    Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }) }))
  expect((await audited(refused, { features: undefined })).said).toMatch('cannot be reached (ECONNREFUSED)')
  expect((await audited(() => Response.json(DOCUMENT, { status: 202, headers: { location: 'http://' } }))).said).toBe(
    '"http://" is no address',
  )
})

it('what a server sends does nothing to a terminal', () => {
  const why = 'said \u001b[2J\u009b31m\u0007 of it'
  const [, line] = report([{ id: 'X1', level: 'MUST', title: 'answer', status: 'failed', why }], { color: false, width: 80 }).split('\n')
  expect(line?.trim()).toBe('said [2J 31m of it')
})
