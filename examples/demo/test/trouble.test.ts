/** What the demo says and does when it cannot go on: a sentence, an exit code, and no process left behind. */
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
  [['fastify'], 'There is no "fastify" here.'],
  [['--watch'], "Unknown option '--watch'."],
  [['--serve'], '--serve keeps one server up: say which'],
  [['hono', '--port', '80x'], '--port takes a number up to 65535, not "80x".'],
  [['hono', '--file', 'nowhere.csv'], "nowhere.csv can't be read."],
] as const)
  test(`${args.join(' ')}: says what is wrong`, async () => {
    const { exitCode, output } = await finished(...args)
    assert.equal(exitCode, 1)
    assert.ok(output.includes(sentence), output)
    assert.ok(!output.includes('    at '), 'no stack')
  })

for (const { name } of FRAMEWORKS) {
  test(`${name}: a port that is taken`, async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const { exitCode, output } = await finished(name, '--port', `${port}`)
    other.close()
    assert.equal(exitCode, 1)
    assert.ok(output.includes(`Port ${port} is taken.`), output)
  })

  test(`${name}: a file that cannot become a report is a failed job, and says why`, async () => {
    const { exitCode, output } = await finished(name, '--file', fileURLToPath(new URL('../package.json', import.meta.url)))
    assert.equal(exitCode, 1)
    assert.match(output, /202 Accepted/)
    assert.match(output, /The job failed \(unreadable_file\): The JSON must be an array of records/)
  })

  test(`${name}: stopped in the middle of the work`, async () => {
    const { child, says, exitCode } = demo(name)
    const [url] = await says(/http:\/\/127\.0\.0\.1:\d+/)
    await says(/running +\d+ %/)
    child.kill('SIGINT')
    assert.equal(await exitCode, 130)
    assert.equal(await isUp(url), false)
  })

  test(`${name}: killed in the middle of the work, its server ends all the same`, async () => {
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

test('a server that ends at its start', async () => {
  await assert.rejects(startServer(program('fails'), 0), /fails: the server ended by itself \(3\)\.\n +nothing works today/)
})

test('a server that ends in the middle', async () => {
  const { gone } = await startServer(program('ends'), 0)
  if (!gone.aborted) await once(gone, 'abort')
  assert.match(String(gone.reason), /ends: the server ended by itself \(0\)/)
})

test('a server that does not want to end, and what it has started', async () => {
  const { url, stop } = await startServer(program('stays'), 0)
  assert.equal(await isUp(url), true)
  await stop()
  assert.equal(await isUp(url), false)
  await stopServers()
})
