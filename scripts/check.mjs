/** Runs every check that is not a test, one after the other. A failure stops none of the others, so one run shows all that is wrong. */
import { spawnSync } from 'node:child_process'
import { writeSummary } from './closing-line.mjs'

const CHECKS = {
  lint: ['biome', 'check', '.'],
  knip: ['knip'],
  types: ['node', 'scripts/types.mjs'],
  packages: ['node', 'scripts/packed.mjs'],
  size: ['size-limit'],
  docs: ['node', 'scripts/docs.mjs'],
  examples: ['node', 'scripts/examples.mjs'],
}

const root = new URL('..', import.meta.url)
const results = Object.entries(CHECKS).map(([name, [command, ...args]]) => {
  console.log(`\n=== ${name}: ${command} ${args.join(' ')}`)
  const started = Date.now()
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
  return { name, ok: status === 0, seconds: ((Date.now() - started) / 1000).toFixed(1) }
})

console.log()
for (const { name, ok, seconds } of results) console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`)
const failures = results.filter(({ ok }) => !ok).map(({ name }) => `the check "${name}"`)
writeSummary({ passed: results.length - failures.length, failures, skipped: 0 })
process.exitCode = failures.length > 0 ? 1 : 0
