/**
 * Runs on other runtimes what the tests check on one version of Node, against the built packages: all audits on the oldest supported
 * Node, on the newest, and on Bun and Deno; on these two also a job that is followed by a WebSocket, the media types that the runtime
 * itself gives a response, and the cases of the store testkit on the SQLite store; on the newest Node also the tests of WebSockets, whose
 * connections each version hands over in its own way.
 * `node scripts/runtimes.mjs [bun|deno|node20|node26]`, after a build.
 *
 * A runtime that cannot be installed (no package for this machine, no registry) is skipped with a message; a failed audit or case
 * gives exit code 1.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { close } from './closing-line.mjs'

const tests = new URL('../tests/', import.meta.url)
const requireOfTests = createRequire(new URL('package.json', tests))
const { WebSocket } = requireOfTests('ws')
const pathOf = (file) => new URL(file, tests).pathname

const readsTypeScript = {
  server: pathOf('runtimes/serve.ts'),
  targets: ['hono', 'fetch'],
  sockets: true,
  counted: { 'store-sqlite': pathOf('runtimes/sqlite.ts'), 'media types': pathOf('runtimes/media-types.ts') },
}
const bundle = pathOf('node_modules/.cache/serve.mjs')
const readsJavaScript = (version) => ({ server: bundle, targets: ['express', 'hono', 'fetch'], command: [`node@${version}`] })
const RUNTIMES = {
  bun: { ...readsTypeScript, command: ['bun@1.4.5'] },
  deno: {
    ...readsTypeScript,
    command: [
      ...['deno@2.9.6', 'run', '--node-modules-dir=manual', '--no-lock', '--no-check'],
      ...['--allow-net', '--allow-env=TMPDIR,TMP,TEMP', '--allow-read', '--allow-write', '--allow-sys'],
    ],
  },
  node20: readsJavaScript('20.20.2'),
  node26: { ...readsJavaScript('26.10.0'), tests: ['tests/sockets/sockets.test.ts'] },
}
requireOfTests('esbuild').buildSync({
  entryPoints: [pathOf('runtimes/serve-on-node.ts')],
  outfile: bundle,
  ...{ bundle: true, packages: 'external', platform: 'node', format: 'esm', target: 'node20' },
})
/** Deviations of the runtimes themselves. */
const KNOWN = {
  'bun hono': { LIV8: 'Bun gives the answer to a HEAD a length' },
  'bun fetch': { LIV8: 'Bun gives the answer to a HEAD a length' },
  'deno hono': { LIV8: 'Hono takes the body off the answer to a HEAD, and Deno gives it a length' },
}
const report = pathOf('node_modules/.cache/report.json')
const VITEST = [
  ...[pathOf('../node_modules/vitest/vitest.mjs'), 'run', '--project', 'unit', '--typecheck=false'],
  ...['--reporter=json', `--outputFile=${report}`],
]
const env = { ...process.env, DENO_NO_UPDATE_CHECK: '1', DO_NOT_TRACK: '1' }

const { runAudits } = await import(new URL('../packages/http-audits/dist/index.js', import.meta.url).href)
const chosen = process.argv.slice(2)
const total = { passed: 0, failures: [], skipped: 0 }
for (const [name, { command, server, targets, sockets, counted = {}, tests: files }] of Object.entries(RUNTIMES)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  const version = spawnSync('npx', ['-y', command[0], '--version'], { env, encoding: 'utf8' })
  if (version.status !== 0) {
    console.log(`${name}: skipped, because it cannot be installed: ${version.stderr.trim().split('\n')[0]}`)
    continue
  }
  console.log(`${name}: ${version.stdout.split('\n')[0]}`)
  // At once: an audit waits for most of its time.
  await Promise.all(targets.map((target) => audit(name, [...command, server, target], target, sockets)))
  for (const [what, file] of Object.entries(counted)) runCounted(name, what, [...command, file])
  if (files) runTests(name, [...command, ...VITEST, ...files])
}
close(total)
process.exit(total.failures.length > 0 ? 1 : 0)

/** Starts the target, audits it, and adds the counts. */
async function audit(name, command, target, sockets) {
  // In a group of its own, because npx starts the runtime as a child that does not end with it.
  const server = spawn('npx', ['-y', ...command], { env, stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  try {
    const [url] = await Promise.race([
      once(createInterface(server.stdout), 'line'),
      once(server, 'exit').then(([code]) => Promise.reject(code)),
    ])
    const results = await runAudits({ url, path: '/jobs', deviations: KNOWN[`${name} ${target}`] })
    const count = (status) => results.filter((result) => result.status === status)
    add(name, target, {
      passed: count('passed').length,
      failures: count('failed').map(({ id, level, title, why }) => `${id} ${level} ${title}: ${why}`),
      skipped: count('skipped').length,
    })
    if (sockets && target === 'hono') await followBySocket(name, url)
  } catch (error) {
    add(name, target, { passed: 0, failures: [`the server did not start: ${error}`], skipped: 0 })
  } finally {
    if (server.exitCode === null) process.kill(-server.pid, 'SIGKILL')
  }
}

/** Follows a job to its end by a WebSocket, tries two sockets that must be refused, and adds the counts. */
async function followBySocket(name, url) {
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
  const ok = got === wanted
  add(name, 'hono, by WebSocket', { passed: ok ? 1 : 0, failures: ok ? [] : [`${got}, not ${wanted}`], skipped: 0 })
}

/** The states that a socket sends, and how it ended: its close code, or why it was never opened. */
async function listen(url, options, opened = () => {}) {
  const socket = new WebSocket(url, options)
  const heard = []
  socket.on('message', (text) => heard.push(JSON.parse(text).status))
  socket.once('message', opened)
  const [end] = await once(socket, 'close', { signal: AbortSignal.timeout(20_000) }).catch((error) => [error.message])
  return { heard, end }
}

/** Runs a program that prints its own counts, and adds them. */
function runCounted(name, what, command) {
  const { status, stdout, stderr } = spawnSync('npx', ['-y', ...command], { env, encoding: 'utf8' })
  add(name, what, status === 0 ? JSON.parse(stdout) : { passed: 0, failures: [`the program failed: ${stderr.trim()}`], skipped: 0 })
}

/** Runs test files, and adds their counts. */
function runTests(name, command) {
  rmSync(report, { force: true })
  const { stderr } = spawnSync('npx', ['-y', ...command], { env, encoding: 'utf8', cwd: pathOf('..') })
  if (!existsSync(report)) return add(name, 'tests', { passed: 0, failures: [`they did not run: ${stderr.trim()}`], skipped: 0 })
  const { numPassedTests, numPendingTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
  const failures = testResults.flatMap(({ name: file, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed')
    // A file that cannot be loaded has no tests.
    if (failed.length === 0) return status === 'failed' ? [`${file}: ${message}`] : []
    return failed.map(({ fullName, failureMessages: [why] }) => `${fullName}: ${why.split('\n')[0]}`)
  })
  add(name, 'tests', { passed: numPassedTests, failures, skipped: numPendingTests })
}

/** Prints the counts, and adds them to the total. */
function add(name, what, { passed, failures, skipped }) {
  console.log(`  ${what}: ${passed} passed, ${failures.length} failed, ${skipped} skipped`)
  total.passed += passed
  total.failures.push(...failures.map((failure) => `${what} on ${name}: ${failure}`))
  total.skipped += skipped
}
