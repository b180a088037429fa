/** What the demo does when it cannot go on: it prints one sentence, exits with a code, and leaves no process behind. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { FRAMEWORKS, type Framework } from '../src/frameworks.ts'
import { startServer, stopServers } from '../src/server.ts'
import { demo, finished } from './command.ts'

const isUp = (url: string) =>
  fetch(url).then(
    () => true,
    () => false,
  )

for (const [args, sentence] of [
  [['fastify'], 'There is no server "fastify".'],
  [['--watch'], "Unknown option '--watch'."],
  [['--serve'], '--serve keeps one server running: name it'],
  [['hono', '--port', '80x'], '--port must be a number from 0 to 65535, not "80x".'],
  [['hono', '--file', 'nowhere.csv'], 'nowhere.csv cannot be read.'],
] as const)
  test(`${args.join(' ')}: says what is wrong`, async () => {
    const { exitCode, output } = await finished(...args)
    assert.equal(exitCode, 1)
    assert.ok(output.includes(sentence), output)
    assert.ok(!output.includes('    at '), 'no stack')
  })

for (const { name } of FRAMEWORKS) {
  test(`${name}: says which port is in use`, async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const { exitCode, output } = await finished(name, '--port', `${port}`)
    other.close()
    assert.equal(exitCode, 1)
    assert.ok(output.includes(`Port ${port} is in use.`), output)
  })

  test(`${name}: a file that cannot become a report is a failed job, and says why`, async () => {
    const { exitCode, output } = await finished(name, '--file', fileURLToPath(new URL('../package.json', import.meta.url)))
    assert.equal(exitCode, 1)
    assert.match(output, /202 Accepted/)
    assert.match(output, /The job failed \(unreadable_file\): The JSON must be an array of records/)
  })

  test(`${name}: a demo that is stopped in the middle of the work stops its server`, async () => {
    const { child, says, exitCode } = demo(name)
    const [url] = await says(/http:\/\/127\.0\.0\.1:\d+/)
    await says(/running +\d+ %/)
    child.kill('SIGINT')
    assert.equal(await exitCode, 130)
    assert.equal(await isUp(url), false)
  })

  test(`${name}: a demo that is killed in the middle of the work leaves no server behind`, async () => {
    const { child, says } = demo(name)
    const [url] = await says(/http:\/\/127\.0\.0\.1:\d+/)
    await says(/running +\d+ %/)
    child.kill('SIGKILL')
    while (await isUp(url)) await new Promise(setImmediate)
  })
}

const program = (name: string): Framework => {
  const file = fileURLToPath(new URL(`servers/${name}.ts`, import.meta.url))
  return { name, title: name, source: file, program: file }
}

test('a server that exits at its start is reported with its exit code and output', async () => {
  await assert.rejects(startServer(program('fails'), 0), /fails: the server exited by itself \(3\)\.\n +nothing works today/)
})

test('a server that exits later is reported with its exit code', async () => {
  const { gone } = await startServer(program('ends'), 0)
  if (!gone.aborted) await once(gone, 'abort')
  assert.match(String(gone.reason), /ends: the server exited by itself \(0\)/)
})

test('a server that ignores signals is killed, together with what it has started', async () => {
  const { url, stop } = await startServer(program('stays'), 0)
  assert.equal(await isUp(url), true)
  await stop()
  assert.equal(await isUp(url), false)
  await stopServers()
})
