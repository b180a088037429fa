import { isJobsError } from '@respond-async/core'
import { describe, expect, it } from 'vitest'
import { type Access, dashboard } from '../src'
import { dashboard as expressDashboard } from '../src/express'
import { dashboard as honoDashboard } from '../src/hono'
import { jobIn, makeJobs } from './jobs'
import { KINDS, PAGE, type Reply, serve } from './service'

const assetsOf = ({ text }: Reply) => [...text.matchAll(/"(assets\/[^"]+)"/g)].map(([, name]) => `/${name}`)

describe('without an access check it refuses to start', () => {
  it.each([
    ['fetch', () => dashboard(makeJobs(), {} as never)],
    ['express', () => expressDashboard(makeJobs(), {} as never)],
    ['hono', () => honoDashboard(makeJobs(), { access: 'admin' } as never)],
    ['nothing', () => dashboard(makeJobs(), undefined as never)],
  ])('%s', (_name, make) => {
    try {
      make()
      expect.unreachable()
    } catch (error) {
      if (_name === 'nothing') return expect(error).toBeInstanceOf(Error)
      expect(isJobsError(error, 'invalid_option')).toBe(true)
      expect(String(error)).toMatch(/needs an access check.*give it \{ access: \(request\) => … \}/)
    }
    return undefined
  })

  it.each([
    ['fetch', dashboard],
    ['express', expressDashboard],
    ['hono', honoDashboard],
  ])('nor without the jobs: %s', (_name, make) => {
    for (const given of [[], [undefined, { access: () => true }], [{ access: () => true }]])
      expect(() => (make as (...given: unknown[]) => unknown)(...given)).toThrow(
        expect.objectContaining({
          code: 'invalid_option',
          message: expect.stringContaining('dashboard(jobs, { access: (request) => … })'),
        }),
      )
  })

  it('and refuses bounds that cannot work', () => {
    const access = () => true
    expect(() => dashboard(makeJobs(), { access, windowJobs: 10 })).toThrow('windowJobs must be a whole number from 100 to 10000, not 10')
    expect(() => dashboard(makeJobs(), { access, refreshMs: 1.5 })).toThrow('refreshMs must be a whole number from 500 to 60000')
    expect(() => dashboard(makeJobs(), { access, windowjobs: 500 } as never)).toThrow('dashboard: windowjobs is not an option')
  })
})

describe.each(KINDS)('%s', (kind) => {
  it('looks as if it were not there to visitors whom the check does not let in', async () => {
    const jobs = makeJobs()
    const { id } = await jobIn(jobs, 'succeeded', 'quick')
    const ask = await serve(kind, jobs, (user) => user === 'operator')
    const assets = assetsOf(await ask('GET', '/', { 'x-user': 'operator' }))
    expect(assets).toHaveLength(3)
    const seen: string[] = []
    for (const path of ['', '/', '/nothing', ...assets, '/api/access', '/api/jobs', `/api/jobs/${id}`, '/api/nothing'])
      for (const [method, headers] of [
        ['GET', {}],
        ['HEAD', {}],
        ['GET', PAGE],
        ['DELETE', PAGE],
        ['POST', PAGE],
      ] as const) {
        const { status, headers: fields, text } = await ask(method, path, { 'x-user': 'somebody', ...headers })
        const { date: _date, 'keep-alive': _keep, connection: _connection, ...rest } = fields
        seen.push(JSON.stringify([status, rest, method === 'HEAD' ? 'Not Found' : text]))
      }
    expect(new Set(seen).size).toBeLessThanOrEqual(2) // with and without the transfer coding of a body
    expect(seen.every((answer) => answer.startsWith('[404,'))).toBe(true)
    expect(await jobs.get(id)).toMatchObject({ status: 'succeeded' })
  })

  it.each<[string, unknown]>([
    ['false', false],
    ['nothing', undefined],
    ['null', null],
    ['a number', 1],
    ['a text', 'yes'],
    ['the user', { name: 'ada', isAdmin: true }],
    ['an owner that is not known', { owner: undefined }],
    ['an owner without a name', { owner: '' }],
    ['an unknown owner who may look', { owner: undefined, readOnly: true }],
    ['an empty object', {}],
    ['not read-only', { readOnly: false }],
    ['a word that is misspelt', { owner: 'ada', readonly: true }],
    ['an account that has an owner', { owner: 'ada', plan: 'free' }],
  ])('lets nobody in for %s', async (_what, said) => {
    const ask = await serve(kind, makeJobs(), () => said as Access)
    expect((await ask('GET', '/')).status).toBe(404)
    expect((await ask('GET', '/api/jobs', PAGE)).status).toBe(404)
  })

  it('is an error of the application when the check throws, and serves nothing', async () => {
    const ask = await serve(kind, makeJobs(), () => {
      throw new Error('no session store')
    })
    const reply = await ask('GET', '/api/jobs', PAGE)
    expect(reply.status).toBe(500)
    expect(reply.text).not.toContain('"jobs"')
  })

  it('gives the page, its files and nothing else, with a policy that lets nothing else in', async () => {
    const ask = await serve(kind, makeJobs(), undefined, { title: '<b>"Reports"</b>' })
    const slash = await ask('GET', '?status=failed')
    expect([slash.status, slash.headers.location]).toEqual([307, './jobs/?status=failed'])
    const page = await ask('GET', '/')
    expect(page.status).toBe(200)
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(page.text).toContain('<title>&lt;b&gt;&quot;Reports&quot;&lt;/b&gt;</title>')
    expect(page.text).not.toMatch(/<script(?![^>]*src=)|<style|style=|\son\w+=|https?:/)
    expect(page.headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    )
    const types = []
    for (const path of assetsOf(page)) {
      const file = await ask('GET', path)
      types.push(file.headers['content-type'])
      expect([file.status, file.headers['cache-control']]).toEqual([200, 'private, max-age=31536000, immutable'])
      expect(file.headers['x-content-type-options']).toBe('nosniff')
      expect(path).toMatch(/-[0-9a-f]{12}\.\w+$/)
      const head = await ask('HEAD', path)
      expect([head.status, head.text, Number(head.headers['content-length'])]).toEqual([200, '', Buffer.byteLength(file.text)])
    }
    expect(types).toEqual(['image/svg+xml', 'text/css; charset=utf-8', 'text/javascript; charset=utf-8'])
    for (const path of [
      '/assets/',
      '/assets/__proto__',
      '/assets/constructor',
      '/assets/..%2fpackage.json',
      '/index.html',
      '/api',
      '/api/',
    ])
      expect([path, (await ask('GET', path, PAGE)).status]).toEqual([path, 404])
    for (const reply of [slash, page, await ask('GET', '/api/access', PAGE), await ask('GET', '/nothing')])
      expect(reply.headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      })
    expect(await ask('POST', '/')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
  })
})
