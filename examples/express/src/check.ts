/** Follows one job from start to end over HTTP, and one that is canceled; exits non-zero if anything differs from the README. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { app } from './app.ts'

interface Status {
  readonly status: string
  readonly message?: string
  readonly percentComplete?: number
  readonly links: { readonly result?: string }
}

const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const call = (path: string, { headers, ...init }: RequestInit & { headers?: Record<string, string> } = {}) =>
  fetch(new URL(path, origin), { redirect: 'manual', ...init, headers: { 'x-user': 'ada', ...headers } })
function submit(rows: number, key?: string) {
  const body = new FormData()
  if (rows > 0) body.set('file', new File([`flights,delay\n${'2,15\n'.repeat(rows)}`], 'flights.csv', { type: 'text/csv' }))
  return call('/sums', { method: 'POST', body, headers: key ? { 'idempotency-key': key } : {} })
}
/** Polls until the job is over; the server holds each poll until something changes. */
async function follow(location: string, seen: Status[] = []): Promise<Status> {
  for (let etag = ''; ; ) {
    const answer = await call(location, { headers: { prefer: 'wait=10', 'if-none-match': etag } })
    if (answer.status === 304) continue
    etag = answer.headers.get('etag') ?? ''
    const status = (await answer.json()) as Status
    seen.push(status)
    if (answer.status === 200) return status
    equal(answer.status, 202)
    match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  }
}

try {
  const accepted = await submit(4)
  equal(accepted.status, 202)
  const location = accepted.headers.get('location') ?? ''
  match(location, /^\/jobs\/[0-9a-f-]{36}$/)
  equal(accepted.headers.get('link'), `<${location}>; rel="monitor"`)
  match(accepted.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  equal((await call(location)).status, 202, 'a poll is answered at once')
  equal((await call(`${location}/result`)).status, 404, 'there is no result yet')

  const seen: Status[] = []
  const status = await follow(location, seen)
  equal(status.status, 'succeeded')
  equal(status.message, 'row 4 of 4')
  const percents = seen.map(({ percentComplete = 0 }) => percentComplete)
  deepEqual(
    percents,
    percents.toSorted((a, b) => a - b),
    'progress never falls',
  )
  ok(
    percents.some((percent) => percent > 0 && percent < 100),
    'progress is seen while it runs',
  )

  const result = await call(status.links.result ?? '')
  equal(result.status, 201)
  equal(result.headers.get('x-rows'), '4')
  equal(await result.text(), '{"flights":8,"delay":60}')

  equal((await call(location, { headers: { 'x-user': 'bob' } })).status, 404, 'nobody else may see it')
  const { jobs } = (await (await call('/jobs')).json()) as { jobs: unknown[] }
  equal(jobs.length, 1, 'its owner has a list')

  const refused = (await submit(0)).headers.get('location') ?? ''
  equal((await follow(refused)).status, 'failed', 'a response of 400 or more is a failed job')
  equal((await call(`${refused}/result`)).status, 422)

  // A body with a fixed boundary, so that both requests have the same bytes: fetch chooses a new boundary for every FormData.
  const same = { 'idempotency-key': 'one', 'content-type': 'multipart/form-data; boundary=x' }
  const body = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na\n1\n\r\n--x--\r\n'
  const [first, second] = [
    await call('/sums', { method: 'POST', headers: same, body }),
    await call('/sums', { method: 'POST', headers: same, body }),
  ]
  equal(second.headers.get('location'), first.headers.get('location'), 'a repeated key makes no second job')
  equal(second.headers.get('idempotency-replayed'), 'true')
  equal((await submit(3, 'one')).status, 422, 'a key is for one request')

  const long = (await submit(5_000)).headers.get('location') ?? ''
  equal((await call(long, { method: 'DELETE' })).status, 202)
  equal((await follow(long)).status, 'canceled')
  equal((await call(`${long}/result`)).status, 409)

  equal((await call(location, { method: 'DELETE' })).status, 204, 'a finished job is purged')
  equal((await call(location)).status, 410)
  console.log('examples/express: accepted, followed, finished, failed, repeated, canceled, purged')
} finally {
  server.closeAllConnections()
  server.close()
}
