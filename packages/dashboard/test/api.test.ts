import { describe, expect, it } from 'vitest'
import { jobIn, makeJobs, until } from './jobs'
import { KINDS, PAGE, serve } from './service'

describe.each(KINDS)('%s', (kind) => {
  it('lists, shows, cancels, retries and purges', async () => {
    const jobs = makeJobs()
    const slow = await jobIn(jobs, 'running', 'slow', 'ada')
    const broken = await jobIn(jobs, 'failed', 'broken', 'bob')
    const quick = await jobIn(jobs, 'succeeded', 'quick')
    const ask = await serve(kind, jobs)
    expect((await ask('GET', '/api/access', PAGE)).json).toEqual({ title: 'Jobs', windowJobs: 1_000, refreshMs: 3_000, readOnly: false })

    const idsOf = async (query: string) => (await ask('GET', `/api/jobs?${query}`, PAGE)).json.jobs.map(({ id }: { id: string }) => id)
    expect((await idsOf('')).sort()).toEqual([slow.id, broken.id, quick.id].sort())
    expect(await idsOf('status=failed')).toEqual([broken.id])
    expect((await idsOf('status=queued,running&status=failed')).sort()).toEqual([slow.id, broken.id].sort())
    expect(await idsOf('operation=quick')).toEqual([quick.id])
    expect(await idsOf('owner=ada')).toEqual([slow.id])
    expect(await idsOf('owner=')).toEqual([quick.id])
    expect(await idsOf(`ids=${quick.id},unknown,${slow.id},..%2f`)).toEqual([quick.id, slow.id])
    expect(await idsOf(`since=${quick.createdAt + 1}_0`)).toEqual([])
    expect(await idsOf('operation=__proto__')).toEqual([])
    for (const wrong of ['status=done', 'status=toString', 'cursor=x', 'since=x'])
      expect([wrong, (await ask('GET', `/api/jobs?${wrong}`, PAGE)).status]).toEqual([wrong, 400])

    const shown = (await ask('GET', `/api/jobs/${broken.id}`, PAGE)).json
    expect(shown.job).toMatchObject({
      id: broken.id,
      owner: 'bob',
      status: 'failed',
      code: 'handler_failed',
      request: { method: 'POST', path: '/' },
    })
    expect(shown.history.events.map(({ type }: { type: string }) => type)).toEqual(['insert', 'fail'])
    expect(JSON.stringify(shown)).not.toContain('secret of the handler')
    const [first] = shown.history.events
    expect((await ask('GET', `/api/jobs/${broken.id}?after=${first.version}`, PAGE)).json.history.events).toHaveLength(1)
    expect((await ask('GET', `/api/jobs/${quick.id}`, PAGE)).json.job.result).toBe('{"rows":3}')

    const stopping = await ask('POST', `/api/jobs/${slow.id}/cancel`, PAGE)
    expect(stopping.status).toBe(200)
    expect(stopping.json.cancelRequestedAt).toBeGreaterThan(0)
    const canceled = await until(async () => ((await jobs.get(slow.id))?.status === 'canceled' ? jobs.get(slow.id) : null))
    expect(canceled.error?.message).toBe('Canceled by an operator.')

    const again = await ask('POST', `/api/jobs/${broken.id}/retry`, PAGE)
    expect([again.status, again.json.operation, again.json.owner, again.json.retryOf]).toEqual([201, 'broken', 'bob', broken.id])
    expect(await ask('POST', `/api/jobs/${quick.id}/retry`, PAGE)).toMatchObject({ status: 409, json: { code: 'not_retryable' } })

    const running = await jobIn(jobs, 'running', 'slow')
    expect(await ask('DELETE', `/api/jobs/${running.id}`, PAGE)).toMatchObject({ status: 409, json: { code: 'not_finished' } })
    expect((await ask('DELETE', `/api/jobs/${quick.id}`, PAGE)).json).toEqual({ purged: quick.id })
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/cancel'],
      ['POST', '/retry'],
    ] as const)
      expect((await ask(method, `/api/jobs/${quick.id}${path}`, PAGE)).status).toBe(404)
    expect(await idsOf(`ids=${quick.id}`)).toEqual([])
    expect(await ask('PUT', `/api/jobs/${running.id}`, PAGE)).toMatchObject({ status: 405, headers: { allow: 'GET, DELETE' } })
    expect(await ask('GET', `/api/jobs/${running.id}/cancel`, PAGE)).toMatchObject({ status: 405, headers: { allow: 'POST' } })
    expect(await ask('POST', '/api/jobs', PAGE)).toMatchObject({ status: 405 })
    await jobs.stop({ drainMs: 0 })
  })

  it('does nothing that another site asks for, or a form', async () => {
    const jobs = makeJobs()
    const { id } = await jobIn(jobs, 'succeeded', 'quick')
    const ask = await serve(kind, jobs)
    const refused: Record<string, string>[] = [
      {},
      { 'sec-fetch-site': 'same-origin' },
      { ...PAGE, 'sec-fetch-site': 'cross-site' },
      { ...PAGE, 'sec-fetch-site': 'same-site' },
      { ...PAGE, 'sec-fetch-site': 'none' },
      { ...PAGE, origin: 'https://evil.example' },
      { ...PAGE, origin: 'null' },
      { ...PAGE, origin: 'http://app.example.evil.example', host: 'app.example' },
      { ...PAGE, origin: 'http://app.example:81', host: 'app.example' },
    ]
    for (const headers of refused)
      for (const [method, path] of [
        ['DELETE', `/api/jobs/${id}`],
        ['POST', `/api/jobs/${id}/retry`],
        ['GET', '/api/jobs'],
      ] as const) {
        const reply = await ask(method, path, headers)
        expect([headers, reply.status, reply.json.code]).toEqual([headers, 403, 'not_from_page'])
        expect(reply.headers['access-control-allow-origin']).toBeUndefined()
      }
    expect(await jobs.get(id)).toMatchObject({ status: 'succeeded' })
    const preflight = await ask('OPTIONS', `/api/jobs/${id}`, { origin: 'https://evil.example', 'access-control-request-method': 'DELETE' })
    expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([403, undefined])
    const own: Record<string, string>[] = [
      { 'sec-fetch-site': 'same-origin', origin: 'https://outside.example' },
      { origin: 'http://app.example', host: 'APP.example' },
    ]
    for (const headers of own) expect((await ask('GET', '/api/jobs', { ...PAGE, ...headers })).status).toBe(200)
    expect((await ask('DELETE', `/api/jobs/${id}`, { ...PAGE, 'sec-fetch-site': 'same-origin' })).status).toBe(200)
  })

  it('changes nothing for who may only look', async () => {
    const jobs = makeJobs()
    const slow = await jobIn(jobs, 'running', 'slow')
    const broken = await jobIn(jobs, 'failed', 'broken')
    const ask = await serve(kind, jobs, () => ({ readOnly: true }))
    expect((await ask('GET', '/api/access', PAGE)).json.readOnly).toBe(true)
    expect((await ask('GET', '/api/jobs', PAGE)).json.jobs).toHaveLength(2)
    for (const [method, path] of [
      ['DELETE', `/${broken.id}`],
      ['POST', `/${broken.id}/retry`],
      ['POST', `/${slow.id}/cancel`],
      ['POST', '/unknown/cancel'],
    ] as const)
      expect(await ask(method, `/api/jobs${path}`, PAGE)).toMatchObject({ status: 403, json: { code: 'read_only' } })
    expect((await jobs.get(slow.id))?.cancelRequestedAt).toBeUndefined()
    expect((await jobs.get(broken.id))?.goneAt).toBeUndefined()
    await jobs.stop({ drainMs: 0 })
  })

  it('keeps a reader to the jobs of one owner, whatever is asked', async () => {
    const jobs = makeJobs()
    const own = await jobIn(jobs, 'failed', 'broken', 'ada')
    const other = await jobIn(jobs, 'failed', 'broken', 'bob')
    const slow = await jobIn(jobs, 'running', 'slow', 'bob')
    const nameless = await jobIn(jobs, 'succeeded', 'quick')
    const ask = await serve(kind, jobs, () => ({ owner: 'ada' }))
    expect((await ask('GET', '/api/access', PAGE)).json.owner).toBe('ada')
    const everywhere = [
      '',
      '?owner=bob',
      '?owner=',
      '?owner=ada&owner=bob',
      '?since=0_0',
      `?cursor=${slow.createdAt + 1_000}_~`,
      `?ids=${[own, other, slow, nameless].map(({ id }) => id)}`,
    ]
    for (const query of everywhere) {
      const { jobs: seen } = (await ask('GET', `/api/jobs${query}`, PAGE)).json
      expect([query, seen.map(({ id }: { id: string }) => id)]).toEqual([query, [own.id]])
    }
    const unknown = await ask('GET', '/api/jobs/unknown', PAGE)
    expect(unknown.status).toBe(404)
    for (const { id } of [other, slow, nameless])
      for (const [method, path] of [
        ['GET', ''],
        ['DELETE', ''],
        ['POST', '/cancel'],
        ['POST', '/retry'],
      ] as const) {
        const { status, text } = await ask(method, `/api/jobs/${id}${path}`, PAGE)
        expect([status, text]).toEqual([404, unknown.text])
      }
    expect((await jobs.get(slow.id))?.cancelRequestedAt).toBeUndefined()
    expect((await jobs.list({})).jobs).toHaveLength(4)
    expect((await ask('POST', `/api/jobs/${own.id}/retry`, PAGE)).json.owner).toBe('ada')
    await jobs.stop({ drainMs: 0 })
  })
})
