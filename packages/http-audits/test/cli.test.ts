import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FAULTS } from './faults'
import { startReference } from './reference'

const source = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'http-audits-'))
const cli = join(folder, 'cli.mjs')

let good: Awaited<ReturnType<typeof startReference>>
let bad: Awaited<ReturnType<typeof startReference>>
beforeAll(async () => {
  // Built anew, so that this tests the source and not what was built last.
  const quiet = { silent: true, dts: false, config: false, clean: false }
  await build({ entry: { cli: source }, outDir: folder, format: 'esm', target: 'es2022', outExtension: () => ({ js: '.mjs' }), ...quiet })
  good = await startReference()
  bad = await startReference(FAULTS['404 without no-store']?.make())
}, 60_000)
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await Promise.all([good.close(), bad.close()])
})

/** The command as a process of its own, with a server that is in this one. */
const run = (...args: string[]) => ended(process.execPath, [cli, ...args])
function ended(command: string, args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args)
    const taken = { out: '', err: '' }
    child.stdout.on('data', (chunk) => {
      taken.out += chunk
    })
    child.stderr.on('data', (chunk) => {
      taken.err += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...taken }))
  })
}

describe('http-audits', { timeout: 60_000 }, () => {
  it('prints a table of what passed, and exits with 0', async () => {
    const { code, out, err } = await run(good.url, '--only', 'POL3,PRB4,CAN2', '--path', '/jobs')
    expect(out).toBe(
      [
        '✓ POL3  MUST    answer 304 to a poll whose If-None-Match still matches, finished or not',
        '✓ CAN2  MUST    cancel a running job on DELETE: 200 if it is canceled by then, otherwise 202 with cancelRequestedAt, and',
        '                canceled later',
        '✓ PRB4  MUST    send a 404 with Cache-Control: no-store, because caches could otherwise keep it',
        '',
        '3 passed, 0 failed, 0 skipped',
        '',
      ].join('\n'),
    )
    expect({ code, err }).toEqual({ code: 0, err: '' })
  })

  it('says why a MUST failed, and exits with 1', async () => {
    const { code, out } = await run(bad.url, '--only', 'prb4')
    expect(out).toMatch(
      /^✗ PRB4 {2}MUST .*\n {16}cache-control of GET \/jobs\/\S+ \(404\) is null, without no-store\n\n0 passed, 1 failed \(1 MUST\), 0 skipped\n$/,
    )
    expect(code).toBe(1)
  })

  it('accepts a known deviation with its reason, and complains about one that no longer deviates', async () => {
    const pinned = await run(bad.url, '--only', 'PRB4', '--skip', 'PRB4=our proxy adds it', '--json')
    expect(JSON.parse(pinned.out)).toMatchObject([
      { id: 'PRB4', level: 'MUST', status: 'skipped', why: 'known deviation: our proxy adds it' },
    ])
    expect(pinned.code).toBe(0)
    const stale = await run(good.url, '--only', 'PRB4', '--skip', 'PRB4=our proxy adds it')
    expect(stale.out).toContain('it passes: remove the pin')
    expect(stale.code).toBe(1)
  })

  it.each([
    [[], 'Give exactly one URL, not 0.'],
    [['http://127.0.0.1:1', 'http://127.0.0.1:2'], 'Give exactly one URL, not 2.'],
    [['127.0.0.1:3000'], 'The URL has to be absolute, such as http://127.0.0.1:3000, not "127.0.0.1:3000".'],
    [['http://127.0.0.1:1', '--only', 'POL99'], 'There is no audit POL99'],
    [['http://127.0.0.1:1', '--path', 'jobs'], '--path must be a path such as /jobs, not "jobs".'],
    [['http://127.0.0.1:1', '--header', 'x'], '--header must be \'name: value\', not "x".'],
    [['http://127.0.0.1:1', '--concurrency', '0'], 'concurrency has to be from 1 to 64, not 0.'],
    [['http://127.0.0.1:1', '--unknown'], "Unknown option '--unknown'"],
    [['http://127.0.0.1:1'], 'http://127.0.0.1:1/audit cannot be reached'],
  ])('exits with 2 for %j', async (args, sentence) => {
    const { code, out, err } = await run(...args)
    expect(err).toContain(sentence)
    expect({ code, out }).toEqual({ code: 2, out: '' })
  })

  it('says what to do where a server has no target', async () => {
    const server = createServer((_, response) => response.writeHead(404).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo // a TCP server that listens has one
    const { code, err } = await run(`http://127.0.0.1:${port}`)
    server.close()
    expect(err).toBe(
      `There is no audit target at http://127.0.0.1:${port}/audit (GET /audit answered 404, not 200; body ""): add one, as the README of @respond-async/http-audits shows.\n`,
    )
    expect(code).toBe(2)
  })

  it.runIf(existsSync('/dev/full'))('says so where the results could not be written, and exits with 2', async () => {
    const sent = ['-c', '"$@" > /dev/full', 'sh', process.execPath, cli, good.url, '--only', 'POL3', '--json']
    expect(await ended('sh', sent)).toEqual({ code: 2, out: '', err: 'The results could not be written (ENOSPC).\n' })
  })

  it('prints its usage when it is asked for help', async () => {
    const { code, out } = await run('--help')
    expect(out).toMatch(/^Usage: http-audits <url> \[options\]\n/)
    expect(code).toBe(0)
  })
})
