/** Follows one job from start to end over HTTP, and one that is canceled; exits non-zero if anything differs from the README. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { app } from './app.ts'

const POEM = 'Tiger tiger, burning bright,\nIn the forests of the night;\nWhat immortal hand or eye,\nCould frame thy fearful symmetry?'

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
await once(server, 'listening')
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const call = (path: string, init?: RequestInit) => fetch(new URL(path, origin), { redirect: 'manual', ...init })
const submit = (text: string) => call('/word-counts', { method: 'POST', body: new URLSearchParams({ text }) })

interface Status {
  readonly status: string
  readonly percentComplete?: number
  readonly message?: string
  readonly links: { readonly result?: string }
}

try {
  equal((await submit('  ')).status, 422, 'the validator refuses an empty text')

  const accepted = await submit(POEM)
  equal(accepted.status, 202)
  const location = accepted.headers.get('location') ?? ''
  match(location, /^\/jobs\/[0-9a-f-]{36}$/)
  match(accepted.headers.get('retry-after') ?? '', /^[1-9]\d*$/)

  const seen: number[] = []
  let status: Status
  let etag = ''
  for (;;) {
    // The server holds the poll until something changes.
    const answer = await call(location, { headers: { prefer: 'wait=10', 'if-none-match': etag } })
    if (answer.status === 304) continue
    etag = answer.headers.get('etag') ?? ''
    status = (await answer.json()) as Status
    seen.push(status.percentComplete ?? 0)
    if (answer.status === 200) break
    equal(answer.status, 202)
  }
  equal(status.status, 'succeeded')
  equal(status.message, 'line 4 of 4')
  deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
    'progress never falls',
  )
  ok(
    seen.some((percent) => percent > 0 && percent < 100),
    'progress is seen while it runs',
  )

  const result = await call(status.links.result ?? '')
  equal(result.status, 201)
  equal(result.headers.get('x-different-words'), '18')
  const { lines, words } = (await result.json()) as { lines: number; words: Record<string, number> }
  deepEqual([lines, words.tiger, words.the], [4, 2, 2])

  const long = (await submit('la\n'.repeat(5_000))).headers.get('location') ?? ''
  equal((await call(long, { method: 'DELETE' })).status, 202)
  for (status = { status: '', links: {} }; status.status !== 'canceled'; )
    status = (await (await call(long, { headers: { prefer: 'wait=10' } })).json()) as Status
  equal((await call(`${long}/result`)).status, 409)

  equal((await call(location, { method: 'DELETE' })).status, 204, 'a finished job is purged')
  equal((await call(location)).status, 410)

  const operator = { authorization: `Basic ${btoa('operator:operator')}`, 'x-respond-async-dashboard': '1' }
  equal((await call('/admin/jobs/')).status, 401, 'the dashboard is for operators')
  match(await (await call('/admin/jobs/', { headers: operator })).text(), /<title>Word counts<\/title>/)
  const { jobs } = (await (await call('/admin/jobs/api/jobs', { headers: operator })).json()) as { jobs: { status: string }[] }
  deepEqual(
    jobs.map(({ status }) => status),
    ['canceled'],
    'it lists what is still there',
  )
  console.log('examples/hono: accepted, followed, finished, canceled, purged, seen by an operator')
} finally {
  server.close()
}
