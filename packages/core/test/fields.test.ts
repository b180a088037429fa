import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createService, idOf, json, location, ok, sharedStore } from './service'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Names and values of the fields that say something of `name`, in whatever case. */
const fields = (headers: object = {}, name = '') => Object.entries(headers).filter(([other]) => other.toLowerCase() === name)

test('a field that a handler set in another case is not sent twice', async () => {
  const { wrap, post, send } = createService({ cors: ['https://a.example'] })
  const headers = { ...ok(1).headers, vary: 'Accept-Language', 'access-control-allow-origin': '*', 'accept-ranges': 'none' }
  wrap('report', {}, async () => ({ ...ok(1), headers }))
  const at = location(await post('report'))
  await vi.advanceTimersByTimeAsync(10)
  const answer = await send('GET', `${at}/result`, { origin: 'https://a.example' })
  expect(answer?.status).toBe(200)
  expect(fields(answer?.headers, 'vary')).toEqual([['Vary', 'Accept-Language, Origin']])
  expect(fields(answer?.headers, 'access-control-allow-origin')).toEqual([['Access-Control-Allow-Origin', 'https://a.example']])
  expect(fields(answer?.headers, 'accept-ranges')).toEqual([['Accept-Ranges', 'bytes']])
})

test('a result has one Sunset, that of the job, also if the handler announces the end of its API', async () => {
  const { wrap, post, send } = createService()
  wrap('report', {}, async () => ({ ...ok(1), headers: { ...ok(1).headers, sunset: 'Fri, 31 Dec 2049 23:59:59 GMT' } }))
  const at = location(await post('report'))
  await vi.advanceTimersByTimeAsync(10)
  const { expiresAt } = json(await send('GET', at)) as { expiresAt: string }
  const { headers } = (await send('GET', `${at}/result`)) ?? {}
  expect(fields(headers, 'sunset').map(([, value]) => value)).toEqual([new Date(expiresAt).toUTCString()])
})

test('fields that the handler names in Connection are of its connection, and are not replayed', async () => {
  const { wrap, post, send } = createService()
  const headers = { ...ok(1).headers, connection: ['close, X-Hop', 'x-next'], 'x-hop': 'a', 'x-next': 'b', 'x-report': 'c' }
  wrap('report', {}, async () => ({ ...ok(1), headers }))
  const at = location(await post('report'))
  await vi.advanceTimersByTimeAsync(10)
  const answer = await send('GET', `${at}/result`)
  expect(['connection', 'x-hop', 'x-next', 'x-report'].filter((name) => fields(answer?.headers, name).length > 0)).toEqual(['x-report'])
})

test('a representation sets and takes away fields in whatever case it writes them', async () => {
  const own = { headers: { location: '/elsewhere', 'retry-after': '9', link: null, 'content-type': 'application/vnd.own+json' } }
  const { wrap, post } = createService({ representation: { accepted: () => own } })
  wrap('report', {}, async () => ok(1))
  const answer = await post('report')
  expect(fields(answer?.headers, 'location')).toEqual([['location', '/elsewhere']])
  expect(fields(answer?.headers, 'retry-after')).toEqual([['retry-after', '9']])
  expect(fields(answer?.headers, 'content-type')).toEqual([['content-type', 'application/vnd.own+json']])
  expect(fields(answer?.headers, 'link')).toEqual([])
})

test('a 202 with return=minimal has no body, whatever a representation would show', async () => {
  const { wrap, post } = createService({ representation: { accepted: ({ id }) => ({ body: { taskId: id } }) } })
  wrap('report', {}, async () => ok(1))
  expect(json(await post('report'))).toEqual({ taskId: expect.any(String) })
  const answer = await post('report', { headers: { prefer: 'return=minimal' } })
  expect(answer).toMatchObject({ status: 202, body: null, headers: { 'Preference-Applied': 'return=minimal', 'Content-Length': '0' } })
})

test('secret fields are stored where a route names them, in whatever case', async () => {
  const { jobs, wrap, post } = createService({ store: sharedStore() })
  const headers = { authorization: 'Bearer ada', cookie: 'a=1' }
  const stored = async (operation: string) => (await jobs.get(idOf(location(await post(operation, { headers })))))?.request?.headers
  wrap('none', {}, async () => ok(1))
  wrap('one', { storeHeaders: ['Authorization'] }, async () => ok(1))
  wrap('both', { storeHeaders: ['cookie', 'authorization'] }, async () => ok(1))
  expect(await stored('none')).toEqual({})
  expect(await stored('one')).toEqual({ authorization: 'Bearer ada' })
  expect(await stored('both')).toEqual(headers)
})

// As `@hono/node-server` 1 does: it writes the length of a text into the fields that it was given.
test('what a server writes into the fields of one answer is in no other', async () => {
  const { wrap, post, send } = createService()
  wrap('report', {}, async () => ok(1))
  const at = location(await post('report'))
  await vi.advanceTimersByTimeAsync(10)
  for (const path of ['', '/result', '/events', '/stream', '/nothing', '/cancel']) {
    const look = async () => (await send('GET', `${at}${path}`))?.headers
    const first = { ...(await look()) }
    Object.assign((await look()) ?? {}, { 'Content-Length': '1' })
    expect({ ...(await look()) }).toEqual(first)
  }
})
