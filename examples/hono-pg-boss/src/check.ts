/** Follows one job from start to end over HTTP, one that is canceled and one whose worker is killed; exits non-zero if anything differs from the README. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { startPostgres } from './postgres.ts'
import { end, start } from './processes.ts'

const POEM = 'Tiger tiger, burning bright,\nIn the forests of the night;\nWhat immortal hand or eye,\nCould frame thy fearful symmetry?'

interface Status {
  readonly status: string
  readonly attempt?: number
  readonly percentComplete?: number
  readonly links: { readonly result?: string }
}

const env = { DATABASE_URL: process.env.DATABASE_URL ?? (await startPostgres()), PORT: '0' }
const web = await start('web.ts', env)
let worker = await start('worker.ts', env)

const call = (path: string, init?: RequestInit) => fetch(new URL(path, `http://127.0.0.1:${web.port}`), { redirect: 'manual', ...init })
const post = (text: string) => call('/word-counts', { method: 'POST', body: new URLSearchParams({ text }) })
async function submit(text: string): Promise<string> {
  const accepted = await post(text)
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
  equal((await post('  ')).status, 422, 'the validator refuses an empty text')

  const location = await submit(POEM)
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
  const { lines, words } = (await result.json()) as { lines: number; words: Record<string, number> }
  deepEqual([lines, words.tiger, words.the], [4, 2, 2])

  const long = await submit('la\n'.repeat(5_000))
  await follow(long, runs)
  equal((await call(long, { method: 'DELETE' })).status, 202)
  equal((await follow(long, over)).status, 'canceled', 'the cancel reached the worker')
  equal((await call(`${long}/result`)).status, 409)

  const survivor = await submit('la\n'.repeat(100))
  await follow(survivor, runs)
  worker.child.kill('SIGKILL')
  worker = await start('worker.ts', env)
  const { status: outcome, attempt } = await follow(survivor, over)
  deepEqual([outcome, attempt], ['succeeded', 2], 'another worker ran it again')
  const again = await call(`${survivor}/result`)
  deepEqual([again.headers.get('x-process'), again.headers.get('x-attempt')], [`${worker.child.pid}`, '2'])

  const unfinished = await submit('la\n'.repeat(1_000))
  await follow(unfinished, runs)
  await end(worker.child)
  equal(((await (await call(unfinished)).json()) as Status).status, 'queued', 'a worker hands back what it cannot finish in time')
  equal((await call(unfinished, { method: 'DELETE' })).status, 200, 'a queued job is canceled at once')

  equal((await call(location, { method: 'DELETE' })).status, 204, 'a finished job is purged')
  equal((await call(location)).status, 410)

  const client = new pg.Client({ connectionString: env.DATABASE_URL })
  await client.connect()
  const { rows } = await client.query(`SELECT state FROM pgboss.job WHERE name = 'respond-async' AND state <> 'active'`)
  await client.end()
  deepEqual(rows, [], 'pg-boss keeps nothing of what is over')
  const waiting = await submit('la')
  const { headers, body } = await call(waiting)
  await body?.cancel()
  const held = call(waiting, { headers: { prefer: 'wait=20', 'if-none-match': headers.get('etag') ?? '' } })
  await setTimeout(500)
  await Promise.all([end(web.child), held])
  equal((await held).status, 304, 'a web process that stops answers the polls that it holds')
  console.log('examples/hono-pg-boss: accepted, ran in the worker, canceled, survived a killed worker, handed back, purged')
} finally {
  await end(web.child, worker.child)
}
