/** Follows one job from start to end over HTTP, one that is canceled and one whose worker is killed; exits non-zero if anything differs from the README. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { end, start } from './processes.ts'
import { isInstalled, startRedis } from './redis.ts'

interface Status {
  readonly status: string
  readonly attempt?: number
  readonly message?: string
  readonly percentComplete?: number
  readonly links: { readonly result?: string }
}

if (!process.env.REDIS_URL && !isInstalled) {
  console.log('examples/express-bullmq: skipped: REDIS_URL is not set and redis-server is not installed')
  process.exit(process.env.CI ? 1 : 0)
}
const env = { REDIS_URL: process.env.REDIS_URL ?? (await startRedis()), PORT: '0' }
const web = await start('web.ts', env)
let worker = await start('worker.ts', env)

const origin = `http://127.0.0.1:${web.port}`
const call = (path: string, { headers, ...init }: RequestInit & { headers?: Record<string, string> } = {}) =>
  fetch(new URL(path, origin), { redirect: 'manual', ...init, headers: { 'x-user': 'ada', ...headers } })
async function submit(rows: number): Promise<string> {
  const body = new FormData()
  if (rows > 0) body.set('file', new File([`flights,delay\n${'2,15\n'.repeat(rows)}`], 'flights.csv', { type: 'text/csv' }))
  const accepted = await call('/sums', { method: 'POST', body })
  equal(accepted.status, 202)
  match(accepted.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  const location = accepted.headers.get('location') ?? ''
  match(location, /^\/jobs\/[0-9a-f-]{36}$/)
  return location
}
/** Polls until `done` says so; the server holds each poll until something changes. */
async function follow(location: string, done: (status: Status) => boolean, seen: Status[] = []): Promise<Status> {
  for (let etag = ''; ; ) {
    const answer = await call(location, { headers: { prefer: 'wait=10', 'if-none-match': etag } })
    if (answer.status === 304) continue
    etag = answer.headers.get('etag') ?? ''
    const status = (await answer.json()) as Status
    seen.push(status)
    if (done(status)) return status
    equal(answer.status, 202, `${location} is ${status.status}`)
  }
}
const over = ({ status }: Status) => status !== 'queued' && status !== 'running'
const runs = ({ percentComplete = 0 }: Status) => percentComplete > 0

try {
  const location = await submit(10)
  const seen: Status[] = []
  const status = await follow(location, over, seen)
  equal(status.status, 'succeeded')
  const percents = seen.map(({ percentComplete = 0 }) => percentComplete)
  deepEqual(
    percents,
    percents.toSorted((a, b) => a - b),
    'progress never falls',
  )
  ok(seen.some(runs), 'progress of the worker is seen through the web process')
  const result = await call(status.links.result ?? '')
  equal(result.status, 201)
  equal(result.headers.get('x-process'), `${worker.child.pid}`, 'it ran in the worker')
  equal(await result.text(), '{"flights":20,"delay":150}')
  equal((await call(location, { headers: { 'x-user': 'bob' } })).status, 404, 'nobody else may see it')

  const refused = await submit(0)
  equal((await follow(refused, over)).status, 'failed', 'a response of 400 or more is a failed job')
  equal((await call(`${refused}/result`)).status, 422)

  const long = await submit(5_000)
  await follow(long, runs)
  equal((await call(long, { method: 'DELETE' })).status, 202)
  equal((await follow(long, over)).status, 'canceled', 'the cancel reached the worker')
  equal((await call(`${long}/result`)).status, 409)

  const survivor = await submit(100)
  await follow(survivor, runs)
  worker.child.kill('SIGKILL')
  worker = await start('worker.ts', env)
  const { status: outcome, attempt } = await follow(survivor, over)
  deepEqual([outcome, attempt], ['succeeded', 2], 'another worker ran it again')
  const again = await call(`${survivor}/result`)
  deepEqual([again.headers.get('x-process'), again.headers.get('x-attempt')], [`${worker.child.pid}`, '2'])

  const unfinished = await submit(1_000)
  await follow(unfinished, runs)
  await end(worker.child)
  equal(((await (await call(unfinished)).json()) as Status).status, 'queued', 'a worker hands back what it cannot finish in time')
  equal((await call(unfinished, { method: 'DELETE' })).status, 200, 'a queued job is canceled at once')

  equal((await call(location, { method: 'DELETE' })).status, 204, 'a finished job is purged')
  equal((await call(location)).status, 410)
  const waiting = await submit(1)
  const { headers, body } = await call(waiting)
  await body?.cancel()
  const held = call(waiting, { headers: { prefer: 'wait=20', 'if-none-match': headers.get('etag') ?? '' } })
  await setTimeout(500)
  await Promise.all([end(web.child), held])
  equal((await held).status, 304, 'a web process that stops answers the polls that it holds')
  console.log('examples/express-bullmq: accepted, ran in the worker, failed, canceled, survived a killed worker, handed back, purged')
} finally {
  await end(web.child, worker.child)
}
