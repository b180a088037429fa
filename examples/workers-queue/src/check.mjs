/**
 * Starts the Worker as `pnpm start` does, follows jobs from start to end over HTTP, and kills the Worker in the middle of one; exits
 * non-zero if anything differs from the README.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
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
const state = mkdtempSync(join(tmpdir(), 'example-workers-queue-'))
const wrangler = join(import.meta.dirname, '../node_modules/.bin/wrangler')
const args = ['dev', '--local', '--ip', '127.0.0.1', '--port', `${port}`, '--persist-to', state, '--show-interactive-dev-session=false']
let output = ''
let server
let ended

const call = (path, init) => fetch(new URL(path, origin), { redirect: 'manual', ...init })

async function start() {
  server = spawn(wrangler, args, {
    cwd: join(import.meta.dirname, '..'),
    // A process group of its own: wrangler starts more processes, and all must end with it.
    detached: true,
    env: { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: 'false', WRANGLER_SEND_METRICS: 'false' },
  })
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (text) => (output += text))
  ended = new Promise((resolve) => server.once('exit', resolve))
  const isUp = () =>
    call('/').then(
      ({ status }) => status === 404,
      () => false,
    )
  for (const until = Date.now() + 60_000; !(await isUp()); await pause(100))
    if (server.exitCode !== null || Date.now() > until) throw new Error('the Worker did not start')
}
async function stop(signal) {
  if (server.exitCode === null && server.signalCode === null) process.kill(-server.pid, signal)
  await Promise.race([ended, pause(10_000, undefined, { ref: false })])
}

const addresses = (count, name = 'example') => Array.from({ length: count }, (_, n) => `https://${n + 1}.${name}.com`).join('\n')
const accepted = async (init) => {
  const response = await call('/link-checks', { method: 'POST', ...init })
  equal(response.status, 202)
  match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  const location = response.headers.get('location') ?? ''
  match(location, /^\/jobs\/[0-9a-f-]{36}$/)
  return location
}
const reached = async (location, ...states) => {
  for (const until = Date.now() + 60_000; ; ) {
    const response = await call(location, { headers: { prefer: 'wait=2' } })
    ok(response.status === 200 || response.status === 202, `the status answers ${response.status}`)
    const document = await response.json()
    if (states.includes(document.status)) return document
    ok(Date.now() < until, `still ${document.status}`)
  }
}
const finished = (location) => reached(location, 'succeeded', 'failed', 'canceled')

try {
  await start()

  const first = await accepted({ body: 'https://example.com\nhttps://nowhere.invalid' })
  const checked = await finished(first)
  deepEqual([checked.status, checked.percentComplete], ['succeeded', 100])
  deepEqual(checked.result, { attempt: 1, found: { 'https://example.com': 'reachable', 'https://nowhere.invalid': 'unreachable' } })
  equal((await call(checked.links.result)).status, 201)

  const wrong = await finished(await accepted({ body: ' ' }))
  deepEqual([wrong.status, wrong.error.code], ['failed', 'error_response'])
  equal((await call(wrong.links.result)).status, 422)

  const long = await accepted({ body: addresses(1_000) })
  await reached(long, 'running')
  equal((await call(long, { method: 'DELETE' })).status, 202, 'the work has to stop first')
  equal((await finished(long)).status, 'canceled')

  const once = () => accepted({ body: 'https://example.com', headers: { 'idempotency-key': 'a-key' } })
  equal(await once(), await once(), 'the same key makes one job')

  const broken = await accepted({ body: addresses(30) })
  await reached(broken, 'running')
  await stop('SIGKILL')
  await start()
  equal((await call(broken)).status, 202, 'it is still there, after the consumer that ran it was killed')
  const mended = await finished(broken)
  deepEqual([mended.status, mended.result?.attempt, Object.keys(mended.result?.found ?? {}).length], ['succeeded', 2, 30])
  equal((await finished(first)).status, 'succeeded', 'what was finished stays as it was')

  equal((await call(first, { method: 'DELETE' })).status, 204, 'a finished job is purged')
  equal((await call(first)).status, 410)
  console.log('examples/workers-queue: accepted, carried, finished, failed, canceled, killed and retried, purged')
} catch (error) {
  console.error(output)
  throw error
} finally {
  await stop('SIGTERM')
  rmSync(state, { recursive: true, force: true })
}
