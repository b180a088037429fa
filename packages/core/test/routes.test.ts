import { describe, expect, test, vi } from 'vitest'
import { inProcess, isEvents, JobsError, memoryStore, type Representation } from '../src/index'
import { createService, gate, idOf, json, location, ok } from './service'

/** Asks until the job is over: the work is done in later macrotasks of this process. */
async function finished(send: ReturnType<typeof createService>['send'], path: string, headers = {}) {
  return send('GET', path, { ...headers, prefer: 'wait=20' })
}
describe('Idempotency-Key', () => {
  test.each([
    ['k', 202],
    ['"a key"', 400],
    ['"a-key"', 202],
    ['', 400],
    ['""', 400],
    ['"unclosed', 400],
    ['a b', 400],
    ['x'.repeat(255), 202],
    ['x'.repeat(256), 400],
    ['käse', 400],
  ])('%j is answered %i', async (key, status) => {
    const { wrap, post } = createService()
    wrap('report', {}, async () => ok(1))
    expect((await post('report', { headers: { 'idempotency-key': key } }))?.status).toBe(status)
  })

  test('one key makes one job for its owner, quoted or not; another payload is 422; another owner has another job', async () => {
    let runs = 0
    const { wrap, post } = createService({ owner: ({ user }) => user })
    wrap('report', {}, async () => ok(++runs))
    const send = (user: string, body: string, key = 'k') => post('report', { headers: { 'idempotency-key': key }, body, user })
    const answers = await Promise.all(Array.from({ length: 20 }, () => send('ann', 'same')))
    expect(new Set(answers.map(location)).size).toBe(1)
    expect(answers.filter((answer) => answer?.headers['Idempotency-Replayed'] === 'true')).toHaveLength(19)
    expect(location(await send('ann', 'same', '"k"'))).toBe(location(answers[0]))
    expect(json(await send('ann', 'other'))).toMatchObject({ status: 422, code: 'idempotency-key-reused' })
    expect(location(await send('bob', 'same'))).not.toBe(location(answers[0]))
  })

  test('required and missing is 400; off is not read', async () => {
    const { wrap, post } = createService()
    wrap('strict', { idempotency: 'required' }, async () => ok(1))
    wrap('loose', { idempotency: 'off' }, async () => ok(1))
    expect(json(await post('strict'))).toMatchObject({ code: 'idempotency-key-required' })
    const headers = { 'idempotency-key': 'k' }
    expect(location(await post('loose', { headers }))).not.toBe(location(await post('loose', { headers })))
  })

  test('without HTTP: the same key and input give the same job, another input is refused', async () => {
    const { wrap, jobs } = createService()
    wrap('report', {}, async () => ok(1))
    const first = await jobs.submit('report', { month: 1 }, { idempotencyKey: 'k' })
    expect((await jobs.submit('report', { month: 1 }, { idempotencyKey: 'k' })).id).toBe(first.id)
    await expect(jobs.submit('report', { month: 2 }, { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'idempotency_conflict' })
  })
})

describe('whose job it is', () => {
  test('unknown, malformed and another owner’s are one answer', async () => {
    const { wrap, post, send } = createService({ owner: ({ user }) => user })
    wrap('report', {}, async () => ok(1))
    const at = location(await post('report', { user: 'ann' }))
    const strange = await send('GET', at, { 'x-user': 'bob' })
    expect(strange?.status).toBe(404)
    for (const path of [
      '/jobs/00000000-0000-4000-8000-000000000000',
      '/jobs/..',
      `/jobs/${'x'.repeat(200)}`,
      '/jobs/a%20b',
      '/jobs/constructor',
    ])
      expect(await send('GET', path, { 'x-user': 'bob' })).toEqual(strange)
    expect(await send('GET', at)).toEqual(strange)
    for (const [method, path] of [
      ['DELETE', at],
      ['GET', `${at}/result`],
      ['POST', `${at}/cancel`],
    ] as const)
      expect(await send(method, path, { 'x-user': 'bob' })).toEqual(strange)
    expect((await send('GET', at, { 'x-user': 'ann' }))?.status).not.toBe(404)
  })

  test('paths that are none of a job’s are left to the application', async () => {
    const { send } = createService()
    for (const path of ['/jobs', '/jobs/', '/jobs/x/other', '/jobs/x/result/more', '/jobs/x/constructor', '/jobs/x/__proto__'])
      expect(await send('GET', path)).toBeUndefined()
  })

  test('links below a mount that begins with two slashes lead to no other host', async () => {
    const { wrap, post, jobs } = createService({ onComplete: 'redirect' })
    wrap('report', {}, async () => ok(1))
    const id = idOf(location(await post('report')))
    const ask = (method: string, rest: string, fields: Record<string, string>) => {
      const request = { method, url: `//evil.example/jobs${rest}`, headers: { get: (name: string) => fields[name] ?? null } }
      return jobs.route(request, { native: {}, mount: '//evil.example/jobs', rest })
    }
    const canceled = await ask('POST', `/${id}/cancel`, { accept: 'text/html' })
    expect(canceled).toMatchObject({ status: 303, headers: { Location: `/evil.example/jobs/${id}` } })
    expect(location(await ask('GET', `/${id}`, { prefer: 'wait=20' }))).not.toContain('//')
  })

  test('a path with an empty segment is not a job route, and a path that is not a valid URL still gets the list', async () => {
    const { wrap, post, jobs, errors } = createService({ owner: ({ user }) => user })
    wrap('report', {}, async () => ok(1))
    const id = idOf(location(await post('report', { user: 'ann' })))
    const send = (mount: string, rest: string, query = '') =>
      jobs.route({ method: 'GET', url: `${mount}${rest}${query}`, headers: { get: () => null } }, { native: { user: 'ann' }, mount, rest })
    for (const rest of [`//${id}`, '//x', '///x', `/${id}//events`, `/${id}/events//x`, `/${id}/events///x`, '//[', '//user@host:99999'])
      for (const mount of ['/jobs', '']) expect([mount, rest, await send(mount, rest)]).toEqual([mount, rest, undefined])
    for (const rest of ['', '/', '//']) expect(await send('', rest)).toMatchObject({ status: 200 })
    expect(json(await send('', '//', '?limit=0'))).toMatchObject({ status: 400 })
    expect(errors).toEqual([])
  })

  test.each([undefined, '/', ''])('the next page of a list at the root, path %j, is a path', async (path) => {
    const { wrap, post, jobs } = createService({ owner: () => 'ann', path })
    wrap('report', {}, async () => ok(1))
    for (let count = 0; count < 2; count++) await post('report')
    const list = async (url: string) =>
      json(await jobs.route({ method: 'GET', url, headers: { get: () => null } }, { native: {}, mount: '', rest: '/' }))
    const { next } = await list('/?limit=1')
    expect(next).toMatch(/^\/\?limit=1&cursor=/)
    expect((await list(String(next))).jobs).toHaveLength(1)
  })

  test('a list, newest first, a page at a time, of one’s own', async () => {
    let now = 1_700_000_000_000
    const { wrap, post, send } = createService({ owner: ({ user }) => user, now: () => ++now })
    wrap('report', {}, async () => ok(1))
    wrap('export', {}, () => new Promise(() => {}))
    const made: string[] = []
    for (let count = 0; count < 5; count++) made.unshift(location(await post('report', { user: 'ann' })))
    await post('export', { user: 'ann' })
    await post('report', { user: 'bob' })
    await Promise.all(made.map((path) => finished(send, path, { 'x-user': 'ann' })))
    const list = async (path: string) => {
      const answer = await send('GET', path, { 'x-user': 'ann' })
      return { answer, body: json(answer) as { jobs: { links: { self: string } }[]; next?: string } }
    }
    const first = await list('/jobs?operation=report&limit=2')
    const second = await list(String(first.body.next))
    const third = await list(String(second.body.next))
    expect([first, second, third].flatMap(({ body }) => body.jobs.map(({ links }) => links.self))).toEqual(made)
    expect(first.answer?.headers.Link).toBe(`<${first.body.next}>; rel="next"`)
    expect(third.body.next).toBeUndefined()
    expect((await list('/jobs?status=running,queued')).body.jobs).toHaveLength(1)
  })

  test.each(['limit=0', 'limit=101', 'limit=ten', 'status=done', 'status=succeeded,', 'cursor=x', 'cursor='])(
    '?%s is 400',
    async (query) => {
      const { send } = createService({ owner: () => 'me' })
      expect(json(await send('GET', `/jobs?${query}`))).toMatchObject({ status: 400, code: 'invalid-query' })
    },
  )

  test('too many unfinished jobs are 429, and only for their owner', async () => {
    const { wrap, post } = createService({ owner: ({ user }) => user, maxPerOwner: 2 })
    wrap('report', {}, () => new Promise(() => {}))
    for (const status of [202, 202, 429]) expect((await post('report', { user: 'ann' }))?.status).toBe(status)
    expect((await post('report', { user: 'bob' }))?.status).toBe(202)
    for (let count = 0; count < 3; count++) expect((await post('report'))?.status).toBe(202) // of nobody
  })
})

describe('the result', () => {
  const bytes = Uint8Array.from({ length: 10 }, (_, at) => at)
  const setUp = async () => {
    const service = createService()
    service.wrap('report', {}, async () => ({ status: 200, headers: { 'content-type': 'application/octet-stream' }, body: bytes }))
    const at = location(await service.post('report'))
    await finished(service.send, at)
    return (headers: Record<string, string>, method = 'GET') => service.send(method, `${at}/result`, headers)
  }

  test.each([
    ['bytes=0-3', 206, [0, 1, 2, 3], 'bytes 0-3/10'],
    ['bytes=8-', 206, [8, 9], 'bytes 8-9/10'],
    ['bytes=-2', 206, [8, 9], 'bytes 8-9/10'],
    ['bytes=-99', 206, [...bytes], 'bytes 0-9/10'],
    ['bytes=5-99', 206, [5, 6, 7, 8, 9], 'bytes 5-9/10'],
    ['bytes=10-', 416, undefined, 'bytes */10'],
    ['bytes=-0', 416, undefined, 'bytes */10'],
    ['bytes=4-2', 200, [...bytes], undefined],
    ['bytes=0-1,3-4', 200, [...bytes], undefined],
    ['bytes=-', 200, [...bytes], undefined],
    ['rows=0-1', 200, [...bytes], undefined],
  ])('%s', async (range, status, body, contentRange) => {
    const answer = await (await setUp())({ range })
    expect([answer?.status, answer?.headers['Content-Range']]).toEqual([status, contentRange])
    if (body) expect(answer?.body).toEqual(Uint8Array.from(body))
  })

  test('HEAD has the length and no body; a conditional range that cannot match is the whole', async () => {
    const ask = await setUp()
    expect(await ask({}, 'HEAD')).toMatchObject({ status: 200, body: null, headers: { 'Content-Length': '10', 'Accept-Ranges': 'bytes' } })
    expect((await ask({ range: 'bytes=0-1', 'if-range': '"x"' }))?.status).toBe(200)
  })

  test.each([null, '', new Uint8Array()])('an empty body, %j, has no ranges: a download that is resumed ends', async (body) => {
    const { wrap, post, send } = createService()
    wrap('report', {}, async () => ({ status: 200, headers: { 'content-type': 'text/csv' }, body }))
    const at = location(await post('report'))
    await finished(send, at)
    expect(await send('GET', `${at}/result`, { range: 'bytes=0-' })).toMatchObject({ status: 200, body })
  })

  test.each([
    [null, undefined, 'private'],
    [null, 'public, max-age=60', 'public, max-age=60'],
    ['ann', undefined, 'private'],
    ['ann', 'public, max-age=60', 'public, max-age=60, private'],
    ['ann', 'no-store', 'no-store, private'],
  ])('of %s, where the handler said %s, goes out with Cache-Control: %s', async (owner, said, seen) => {
    for (const onComplete of ['document', 'inline'] as const) {
      const { wrap, post, send } = createService({ owner: () => owner, onComplete })
      const headers: Record<string, string> = said === undefined ? {} : { 'cache-control': said }
      wrap('report', {}, async () => ({ status: 200, headers, body: bytes }))
      const at = location(await post('report'))
      await finished(send, at)
      const answer = await send('GET', onComplete === 'inline' ? at : `${at}/result`)
      expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': seen } })
    }
  })

  test.each([
    ['etag', '"v1"', 206],
    ['last-modified', 'Tue, 14 Nov 2023 22:13:20 GMT', 206],
    ['last-modified', 'Wed, 15 Nov 2023 22:13:20 GMT', 206],
    ['etag', 'W/"v1"', 200], // by strong comparison
  ])('a conditional range that matches the %s of the handler, %s, is answered with %i', async (name, value, status) => {
    const { wrap, post, send } = createService()
    wrap('report', {}, async () => ({ status: 200, headers: { [name]: value }, body: bytes }))
    const at = location(await post('report'))
    await finished(send, at)
    expect((await send('GET', `${at}/result`, { range: 'bytes=0-1', 'if-range': value }))?.status).toBe(status)
  })

  test.each([
    ['whole', async () => ({ status: 200, headers: {}, body: bytes })],
    ['as it is read', () => Promise.reject(new JobsError('result_too_large', 'More than 9 bytes.'))],
  ])('larger than may be kept, found out %s: the job fails, says so, and is not tried again', async (_, handler) => {
    const { wrap, post, send } = createService()
    let runs = 0
    wrap('report', { maxResultBytes: 9, retries: 1, backoffMs: 0 }, () => {
      runs++
      return handler()
    })
    const at = location(await post('report'))
    expect(json(await finished(send, at))).toMatchObject({ status: 'failed', error: { code: 'result_too_large' } })
    expect(runs).toBe(1)
  })

  test('as large as may be kept is kept', async () => {
    const { wrap, post, send } = createService()
    wrap('report', { maxResultBytes: bytes.length }, async () => ({ status: 200, headers: {}, body: bytes }))
    const at = location(await post('report'))
    expect(json(await finished(send, at))).toMatchObject({ status: 'succeeded' })
  })

  test.each([200, 500])('larger than the store accepts, with %i: the job fails and says so', async (status) => {
    const { wrap, post, send } = createService({ store: memoryStore({ maxBytes: 9 }) })
    wrap('report', {}, async () => ({ status, headers: {}, body: bytes }))
    const at = location(await post('report'))
    expect(json(await finished(send, at))).toMatchObject({ status: 'failed', error: { code: 'result_too_large' } })
    expect((await send('GET', `${at}/result`))?.status).toBe(500)
  })

  test.each([
    ['is not', {}, '{"half":'],
    ['is coded', { 'content-encoding': 'x-own' }, '{"whole":1}'],
  ])('what says it is JSON and %s is kept as the bytes it is', async (_, headers, body) => {
    const { wrap, post, send } = createService()
    wrap('report', {}, async () => ({ status: 200, headers: { 'content-type': 'application/json', ...headers }, body }))
    const at = location(await post('report'))
    const document = json(await finished(send, at))
    expect(document.status).toBe('succeeded')
    expect(document).not.toHaveProperty('result')
    expect((await send('GET', `${at}/result`))?.body).toBe(body)
  })
})

describe('other answers', () => {
  test('onComplete: redirect to where the handler pointed, or the result in the place of the document', async () => {
    for (const [onComplete, expected] of [
      ['redirect', { status: 303, headers: { Location: '/files/1' } }],
      ['inline', { status: 201, headers: { location: '/files/1' } }],
    ] as const) {
      const { wrap, post, send } = createService({ onComplete })
      wrap('report', {}, async () => ({ status: 201, headers: { location: '/files/1' }, body: null }))
      wrap('fails', {}, async () => {
        throw new Error('no')
      })
      expect(await finished(send, location(await post('report')))).toMatchObject(expected)
      expect(await finished(send, location(await post('fails')))).toMatchObject({ status: 500 })
    }
  })

  test('a representation decides bodies and fields, and nothing else', async () => {
    const go = gate()
    const representation: Representation = {
      accepted: ({ id }) => ({ body: { taskId: id } }),
      status: ({ status }) => ({ body: status === 'running' ? null : { state: status }, headers: { 'X-State': status, Vary: null } }),
    }
    const { wrap, post, send } = createService({ representation, newId: () => 'task-1', pendingStatus: 200 })
    wrap('report', {}, async () => {
      await go.opened
      return ok(1)
    })
    const accepted = await post('report')
    expect(accepted).toMatchObject({ status: 202, body: '{"taskId":"task-1"}', headers: { Location: '/jobs/task-1' } })
    const pending = await send('GET', '/jobs/task-1')
    expect(pending).toMatchObject({ status: 200, body: null, headers: { 'Content-Length': '0', 'X-State': 'running', 'Retry-After': '1' } })
    expect(pending?.headers).not.toHaveProperty('Vary')
    expect(pending?.headers).not.toHaveProperty('Content-Type')
    go.open()
    expect(await finished(send, '/jobs/task-1')).toMatchObject({ status: 200, body: '{"state":"succeeded"}' })
  })

  test('a representation may have a status code of its own, and shows what the route says of the request', async () => {
    const representation: Representation = { accepted: ({ meta }) => ({ status: 201, body: { name: meta.name } }) }
    const { wrap, post } = createService({ representation })
    wrap('report', { meta: ({ user }) => ({ name: `for ${user}` }) }, async () => ok(1))
    expect(await post('report', { user: 'ann' })).toMatchObject({ status: 201, body: '{"name":"for ann"}' })
  })

  test('ids of one’s own that repeat are refused after a few tries, and nothing is overwritten', async () => {
    const { wrap, post, errors, jobs } = createService({ newId: () => 'same' })
    wrap('report', {}, async () => ok(1))
    expect((await post('report'))?.status).toBe(202)
    expect((await post('report'))?.status).toBe(503)
    expect(String(errors[0])).toMatch(/newId\(\) returned the id of another job/)
    expect((await jobs.get('same'))?.version).toBeLessThan(3)
  })

  test('an id of one’s own that is taken once is not the last that is tried', async () => {
    const ids = ['one', 'one', 'two']
    const { wrap, post } = createService({ newId: () => String(ids.shift()) })
    wrap('report', {}, () => new Promise(() => {}))
    const key = { headers: { 'idempotency-key': 'k' } }
    expect([location(await post('report')), location(await post('report', key))]).toEqual(['/jobs/one', '/jobs/two'])
  })

  test.each(['', 'a/b', 'ä', 'x'.repeat(129)])('an id of one’s own that is no path segment is refused: %j', async (id) => {
    const { wrap, post, errors } = createService({ newId: () => id })
    wrap('report', {}, async () => ok(1))
    expect((await post('report'))?.status).toBe(503)
    expect(errors[0]).toMatchObject({ code: 'invalid_option', message: expect.stringMatching(/newId\(\) returned/) })
  })

  test('baseUrl and path make the links, whatever the request says', async () => {
    const { wrap, post, send } = createService({ baseUrl: 'https://api.example.com/', path: '/v1/jobs/', newId: () => 'one' })
    wrap('report', {}, () => new Promise(() => {}))
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example' }
    expect(location(await post('report', { headers }))).toBe('https://api.example.com/v1/jobs/one')
    expect(json(await send('GET', '/jobs/one', headers))).toMatchObject({ links: { self: 'https://api.example.com/v1/jobs/one' } })
  })

  test('CORS: off by default; on for an allowed origin, with the fields that a page has to read', async () => {
    const off = createService({ owner: () => 'me' })
    expect((await off.send('GET', '/jobs', { origin: 'https://a.example' }))?.headers).not.toHaveProperty('Access-Control-Allow-Origin')
    const { send } = createService({ owner: () => 'me', cors: ['https://a.example'] })
    const allowed = await send('GET', '/jobs', { origin: 'https://a.example' })
    expect(allowed?.headers).toMatchObject({ 'Access-Control-Allow-Origin': 'https://a.example', Vary: 'Origin' })
    expect(String(allowed?.headers['Access-Control-Expose-Headers'])).toContain('Retry-After')
    const other = await send('GET', '/jobs', { origin: 'https://b.example' })
    expect(other?.headers).not.toHaveProperty('Access-Control-Allow-Origin')
    const slash = await createService({ owner: () => 'me', cors: ['https://a.example/'] }).send('GET', '/jobs', {
      origin: 'https://a.example',
    })
    expect(slash?.headers).toMatchObject({ 'Access-Control-Allow-Origin': 'https://a.example' }) // an origin has no path (RFC 6454 6.2)
    const all = await createService({ owner: () => 'me', cors: '*' }).send('GET', '/jobs', { origin: 'https://b.example' })
    expect(all?.headers).toMatchObject({ 'Access-Control-Allow-Origin': '*' })
    expect(all?.headers).not.toHaveProperty('Vary') // it is the same for every origin
    const preflight = await send('OPTIONS', '/jobs/x', { origin: 'https://a.example', 'access-control-request-method': 'DELETE' })
    expect(preflight).toMatchObject({ status: 204, headers: { 'Access-Control-Allow-Methods': 'GET, HEAD, DELETE' } })
  })

  test('a body that the store cannot take is 413, a store without room 503', async () => {
    const small = createService({
      store: { ...memoryStore({ maxBytes: 10 }) },
      engine: { ...inProcess(), capabilities: { ...inProcess().capabilities, remote: true } },
    })
    small.wrap('report', {}, async () => ok(1))
    expect((await small.post('report', { body: 'x'.repeat(11) }))?.status).toBe(413)
    const full = createService({ store: memoryStore({ maxJobs: 1 }) })
    full.wrap('report', {}, () => new Promise(() => {}))
    expect((await full.post('report'))?.status).toBe(202)
    expect(json(await full.post('report'))).toMatchObject({ status: 503, code: 'queue-full' })
  })
})

test('those who watch a job below two mounts get links below their own', async () => {
  const { jobs, wrap, post } = createService()
  const go = gate()
  wrap('report', {}, async ({ handle }) => {
    await handle.progress(10)
    await go.opened
    return ok('made')
  })
  const id = idOf(location(await post('report')))
  const watch = async (mount: string) => {
    const request = { method: 'GET', url: `${mount}/${id}/events`, headers: { get: () => null } }
    const { body } = (await jobs.route(request, { native: {}, mount, rest: `/${id}/events` })) ?? {}
    if (!body || !isEvents(body)) throw new Error('no events')
    let text = ''
    const ended = new Promise<void>((resolve) => {
      const write = (piece: Uint8Array) => {
        text += new TextDecoder().decode(piece)
        return true
      }
      body.open({ write, end: resolve, fail: () => resolve() })
    })
    return ended.then(() => [...text.matchAll(/"self":"([^"]*)"/g)].map(([, self]) => self))
  }
  const here = watch('/jobs')
  const there = watch('/api/jobs')
  await vi.waitFor(() => expect(jobs.get(id)).resolves.toMatchObject({ percentComplete: 10 }))
  go.open()
  expect(new Set(await here)).toEqual(new Set([`/jobs/${id}`]))
  expect(new Set(await there)).toEqual(new Set([`/api/jobs/${id}`]))
})

test.each(['events', 'stream'])('who comes when the last one has left is told of what comes then: %s', async (what) => {
  const { wrap, post, send } = createService()
  const go = gate()
  wrap('report', {}, async ({ handle, sink }) => {
    const head = { status: 200, headers: { 'content-type': 'text/plain' } }
    sink?.begin?.(
      () => head,
      () => [],
    )
    await handle.progress(10)
    await go.opened
    await sink?.write(new TextEncoder().encode('made'))
    return { ...head, body: null }
  })
  const at = location(await post('report'))
  const open = async () => {
    let heard = ''
    let end = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const { body } = (await send('GET', `${at}/${what}`)) ?? {}
    if (!body || !isEvents(body)) throw new Error('nothing to follow yet')
    const write = (piece: Uint8Array) => {
      heard += new TextDecoder().decode(piece)
      return true
    }
    const flow = body.open({ write, end, fail: end })
    return { flow, whole: ended.then(() => heard) }
  }
  const first = await vi.waitFor(open)
  first.flow.close()
  const { whole } = await open()
  go.open()
  expect(await whole).toContain(what === 'events' ? 'event: succeeded' : 'made')
})

test('a body that the place for large ones does not take is a 413, although the route would take it', async () => {
  const write = vi.fn(async () => {})
  const { wrap, accept } = createService({ blobs: { maxBodyBytes: 300_000, write, read: async () => null, remove: async () => {} } })
  wrap('import', {}, async () => ok('made'))
  const send = (size: number) =>
    accept('import', async (_limit, _isWanted, sink) => {
      await sink?.write(new Uint8Array(size))
      return null
    })
  expect(await send(300_000)).toMatchObject({ status: 202 })
  expect(await send(300_001)).toMatchObject({ status: 413 })
})
