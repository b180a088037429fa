/** The whole demo: the real file through all three servers. */
import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../src/sample.ts'
import { finished } from './command.ts'

const NAMES = ['express', 'hono', 'worker']
const report = (name: string) => join(ROOT, 'demo-reports', `${name}.pdf`)

test('an upload becomes the same report on every framework', async () => {
  for (const name of NAMES) rmSync(report(name), { force: true })
  const { exitCode, output } = await finished()
  process.stdout.write(output) // what a reader of the log would like to see
  assert.equal(exitCode, 0)

  const runs = output.split(/^── /m).slice(1)
  assert.equal(runs.length, NAMES.length)
  for (const run of runs) {
    const [, location] = run.match(/^ +Location: (\/jobs\/[0-9a-f-]{36})$/m) ?? []
    assert.match(run, /POST \/reports .+\n +202 Accepted .+\n/)
    assert.ok(run.includes(`GET ${location} `), 'the job is polled where the 202 says')
    assert.ok(run.includes(`GET ${location}/result\n`), 'the result is fetched from below it')
    assert.match(run, /^ +[\d.]+ s {2}202 {2}Retry-After: [1-9]\d* {2}running/m)
    assert.match(run, /Prefer: wait=10, If-None-Match: W\/"\d+"/)
    const percents = [...run.matchAll(/running +(\d+) %/g)].map(([, percent]) => Number(percent))
    assert.ok(new Set(percents.filter((percent) => percent > 0 && percent < 100)).size >= 3, `progress is seen: ${percents}`)
    assert.match(run, /{"status":"succeeded","resourceLocation":"\/jobs\//)
  }

  const [first, ...others] = NAMES.map((name) => readFileSync(report(name)))
  assert.ok(first)
  assert.equal(first.subarray(0, 5).toString(), '%PDF-')
  for (const other of others) assert.ok(first.equals(other))
  assert.match(output, /The 3 reports are byte-identical\. SHA-256 [0-9a-f]{64}\n/)
})
