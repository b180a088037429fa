import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchIdentity, startWorkerd, type Workerd } from '../workerd'
import { casesFor } from './cases'
import { checkCase } from './check'

const SETUPS: readonly (readonly [router: string, mode: string])[] = [
  ['IttyRouter', 'inline'],
  ['IttyRouter withParams', 'replay'],
  ['Router', 'inline, in chunks'],
  ['Router', 'inline, stored'],
  ['Router', 'replay'],
  ['AutoRouter', 'inline'],
  ['AutoRouter', 'inline, in chunks'],
  ['AutoRouter', 'replay'],
  ['no router', 'inline'],
  ['no router', 'replay'],
]

describe.each(SETUPS)('%s, %s', (router, mode) => {
  let server: Workerd
  const call = (path: string, init: RequestInit = {}) => fetchIdentity(server.url + path, { ...init, redirect: 'manual' })
  const result = async (path: string, init: RequestInit = {}) => {
    const accepted = await call(path, { method: 'POST', ...init })
    expect(accepted.status).toBe(202)
    const location = accepted.headers.get('location') ?? ''
    for (;;) {
      const status = await call(location, { headers: { prefer: 'wait=5' } })
      const { links } = (await status.json()) as { links: { result?: string } }
      if (status.status === 200) return call(links.result ?? '')
    }
  }
  beforeAll(async () => {
    const bindings = { ROUTER: router, MODE: mode }
    server = await startWorkerd(new URL('../workers/cases.ts', import.meta.url), { objects: { JOBS: 'JobObject' }, bindings })
  }, 60_000)
  afterAll(() => server?.close())

  const cases = casesFor('workers').filter(({ id }) => router !== 'no router' || id !== 'in-params')
  it.each(cases.map((one) => ({ ...one, one })))('$id: $title', ({ one }) => checkCase(one, call), 30_000)

  it('takes an answer that is no Response for JSON, as AutoRouter does', async () => {
    const response = await result('/plain')
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(await response.text()).toBe('{"list":[1,2],"note":"Grüße"}')
  })

  it('leaves what is not one of its routes to what comes after it', async () => {
    expect((await call('/api/jobs/a/b/c')).status).toBe(418)
    expect((await call('/api/jobsx')).status).toBe(418)
    expect((await call('/api/jobs/unknown')).status).toBe(404)
  })

  if (router === 'no router') return
  it.each(['POST', 'GET'])('hands the handler a real Request with all that was put on the live one: %s', async (method) => {
    const body = method === 'POST' ? 'x' : null
    const response = await result('/look/reports?a=1&a=2&b=3', { method, body })
    const { keys, ...rest } = (await response.json()) as Record<string, unknown>
    expect(rest).toEqual({
      ...{ isRequest: true, body: [body ?? '', body ?? ''], hasBody: body !== null, params: { section: 'reports' } },
      ...{ query: { a: ['1', '2'], b: '3' }, route: '/look/:section', shortcut: 'reports' },
      ...{ user: { id: 7, roles: ['reader'] }, job: 'look' },
    })
    expect((keys as string[]).toSorted()).toEqual(['params', 'query', 'route', 'user'])
  })
})
