/**
 * Runs all audits, follows a job by a WebSocket, and runs the cases of the store testkit on the SQLite store, against the built
 * packages on Bun and Deno: `node scripts/runtimes.mjs [bun|deno]`, after a build.
 *
 * A runtime that cannot be installed here (no package for this machine, no registry) is left out and said so; a failed audit or
 * case is an exit code of 1.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { closingLine } from './closing-line.mjs'

const { WebSocket } = createRequire(new URL('../tests/package.json', import.meta.url))('ws')
const FILE = new URL('../tests/runtimes/serve.ts', import.meta.url).pathname
const STORE = new URL('../tests/runtimes/sqlite.ts', import.meta.url).pathname
const RUNTIMES = {
  bun: ['bun@1.4.5'],
  deno: [
    'deno@2.9.6',
    'run',
    '--node-modules-dir=manual',
    '--no-lock',
    '--no-check',
    '--allow-net',
    '--allow-env',
    '--allow-read',
    '--allow-write',
    '--allow-sys',
  ],
}
const TARGETS = ['hono', 'fetch']
/** What is not in our hands. */
const KNOWN = {
  'bun hono': { LIV8: 'Bun gives the answer to a HEAD a length' },
  'bun fetch': { LIV8: 'Bun gives the answer to a HEAD a length' },
  'deno hono': { LIV8: 'Hono takes the body off the answer to a HEAD, and Deno gives it a length' },
}
const env = { ...process.env, DENO_NO_UPDATE_CHECK: '1', DO_NOT_TRACK: '1' }

const { runAudits } = await import(new URL('../packages/http-audits/dist/index.js', import.meta.url).href)
const chosen = process.argv.slice(2)
const total = { passed: 0, failed: 0, skipped: 0 }
for (const [name, command] of Object.entries(RUNTIMES)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  const version = spawnSync('npx', ['-y', command[0], '--version'], { env, encoding: 'utf8' })
  if (version.status !== 0) {
    console.log(`${name}: left out, it does not install here: ${version.stderr.trim().split('\n')[0]}`)
    continue
  }
  console.log(`${name}: ${version.stdout.split('\n')[0]}`)
  for (const target of TARGETS) await audit(name, command, target)
  runStoreCases(name, command)
}
console.log(closingLine(total))
process.exit(total.failed > 0 ? 1 : 0)

/** Starts the target, audits it, and counts. */
async function audit(name, command, target) {
  // In a group of its own, because npx starts the runtime as a child that does not end with it.
  const server = spawn('npx', ['-y', ...command, FILE, target], { env, stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  try {
    const [url] = await Promise.race([
      once(createInterface(server.stdout), 'line'),
      once(server, 'exit').then(([code]) => Promise.reject(code)),
    ])
    const results = await runAudits({ url, path: '/jobs', deviations: KNOWN[`${name} ${target}`] })
    const failed = results.filter(({ status }) => status === 'failed')
    for (const { id, level, title, why } of failed) console.log(`  ${id} ${level} ${title}: ${why}`)
    const count = (status) => results.filter((result) => result.status === status).length
    console.log(`  ${target}: ${['passed', 'failed', 'skipped'].map((status) => `${count(status)} ${status}`).join(', ')}`)
    for (const status in total) total[status] += count(status)
    if (target === 'hono') await followBySocket(url)
  } catch (error) {
    console.log(`  ${target} on ${name}: it did not start: ${error}`)
    total.failed += 1
  } finally {
    if (server.exitCode === null) process.kill(-server.pid, 'SIGKILL')
  }
}

/** Follows a job to its end by a WebSocket, asks for what is refused, and counts. */
async function followBySocket(url) {
  const post = (path, body) => fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const { headers } = await post('/audit/work', JSON.stringify({ hold: 'socket', respond: { text: 'done' } }))
  const events = `${url}${headers.get('location')}/events`
  const followed = await listen(events, {}, () => post('/audit/release/socket'))
  const got = [
    [followed.heard[0], followed.heard.at(-1), followed.end].join(', '),
    (await listen(events, { origin: 'https://elsewhere.example' })).end,
    (await listen(`${url}/jobs/6d0f1c5e-8c1e-4b8e-9f0a-6f6f0c0e7d11/events`)).end,
  ].join('; ')
  const wanted = 'running, succeeded, 1000; Unexpected server response: 403; Unexpected server response: 404'
  console.log(`  hono, by WebSocket: ${got === wanted ? 'followed, and refused to strangers' : `${got}, not ${wanted}`}`)
  total[got === wanted ? 'passed' : 'failed'] += 1
}

/** The states that a socket tells of, and how it ended: by which code, or why it was never opened. */
async function listen(url, options, opened = () => {}) {
  const socket = new WebSocket(url, options)
  const heard = []
  socket.on('message', (text) => heard.push(JSON.parse(text).status))
  socket.once('message', opened)
  const [end] = await once(socket, 'close', { signal: AbortSignal.timeout(20_000) }).catch((error) => [error.message])
  return { heard, end }
}

/** Runs the cases of the store testkit, and counts. */
function runStoreCases(name, command) {
  const { status, stdout, stderr } = spawnSync('npx', ['-y', ...command, STORE], { env, encoding: 'utf8' })
  const lines = stdout.trimEnd().split('\n')
  const counts = status === 0 ? JSON.parse(lines.pop()) : undefined
  for (const line of lines) console.log(line)
  if (counts)
    console.log(
      `  store-sqlite: ${Object.entries(counts)
        .map(([outcome, count]) => `${count} ${outcome}`)
        .join(', ')}`,
    )
  else console.log(`  store-sqlite on ${name}: it did not run: ${stderr.trim()}`)
  for (const outcome in total) total[outcome] += counts?.[outcome] ?? (outcome === 'failed' ? 1 : 0)
}
