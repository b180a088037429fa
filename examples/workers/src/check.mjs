/** Starts the Worker as `pnpm start` does, follows jobs from start to end over HTTP; exits non-zero if anything differs from the README. */
import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const port = await new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address()
    server.close(() => resolve(port))
  })
})
const origin = `http://127.0.0.1:${port}`
const state = mkdtempSync(join(tmpdir(), 'example-workers-'))
const wrangler = join(import.meta.dirname, '../node_modules/.bin/wrangler')
const args = ['dev', '--local', '--ip', '127.0.0.1', '--port', `${port}`, '--persist-to', state, '--show-interactive-dev-session=false']
let output = ''
const server = spawn(wrangler, args, {
  cwd: join(import.meta.dirname, '..'),
  // A process group of its own: wrangler starts more processes, and all must end with it.
  detached: true,
  env: { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: 'false', WRANGLER_SEND_METRICS: 'false' },
})
for (const stream of [server.stdout, server.stderr]) stream.on('data', (text) => (output += text))
const ended = new Promise((resolve) => server.once('exit', resolve))

const call = (path, { user = 'ann', ...init } = {}) =>
  fetch(new URL(path, origin), { redirect: 'manual', ...init, headers: { 'x-user': user, ...init.headers } })
const accepted = async (path, init) => {
  const response = await call(path, { method: 'POST', ...init })
  equal(response.status, 202)
  match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  const location = response.headers.get('location') ?? ''
  match(location, /^\/jobs\/[0-9a-f-]{36}$/)
  return location
}
const finished = async (location) => {
  for (;;) {
    const response = await call(location, { headers: { prefer: 'wait=10' } })
    ok(response.status === 200 || response.status === 202, `the status answers ${response.status}`)
    const document = await response.json()
    if (response.status === 200) return document
  }
}

try {
  for (const until = Date.now() + 60_000; ; await pause(100)) {
    if (server.exitCode !== null || Date.now() > until) throw new Error('the Worker did not start')
    if (
      await call('/').then(
        ({ status }) => status === 404,
        () => false,
      )
    )
      break
  }

  const counts = await accepted('/word-counts', { body: 'row, row, row your boat' })
  const counted = await finished(counts)
  deepEqual([counted.status, counted.result], ['succeeded', { words: 5, most: 'row' }])
  equal((await call(counted.links.result)).status, 201)

  const climate = await accepted('/climate/5')
  const found = await finished(climate)
  deepEqual([found.status, found.percentComplete, found.message], ['succeeded', 100, 'day 5 of 5'])
  deepEqual(found.result, { days: 5, warmest: 28, mean: 28 })

  const wrong = await finished(await accepted('/climate/many'))
  deepEqual([wrong.status, wrong.error.code], ['failed', 'error_response'])
  equal((await call(wrong.links.result)).status, 422)

  const long = await accepted('/climate/366')
  for (let status = 'queued'; status !== 'running'; ) ({ status } = await (await call(long, { headers: { prefer: 'wait=10' } })).json())
  equal((await call(long, { method: 'DELETE' })).status, 202, 'the work has to stop first')
  equal((await finished(long)).status, 'canceled')

  const once = () => accepted('/word-counts', { body: 'once', headers: { 'idempotency-key': 'a-key' } })
  equal(await once(), await once(), 'the same key makes one job')

  const { jobs } = await (await call('/jobs')).json()
  equal(jobs.length, 5)
  equal(jobs.at(-1).links.self, counts, 'newest first')
  equal((await call(counts, { user: 'bob' })).status, 404, 'the job of another user looks like an unknown one')
  notEqual((await call('/jobs', { user: 'bob' }).then((response) => response.json())).jobs.length, 5)

  equal((await call(counts, { method: 'DELETE' })).status, 204, 'a finished job is purged')
  equal((await call(counts)).status, 410)
  console.log('examples/workers: accepted, followed, finished, failed, canceled, listed, purged')
} catch (error) {
  console.error(output)
  throw error
} finally {
  if (server.exitCode === null) process.kill(-server.pid, 'SIGTERM')
  await Promise.race([ended, pause(10_000, undefined, { ref: false })])
  rmSync(state, { recursive: true, force: true })
}
