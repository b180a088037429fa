/**
 * Runs a script of package.json through the pnpm that "packageManager" names, installing first when needed. Needs Node 18 or
 * later and npm, nothing else. The tests and the checks end with one closing line: `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { close, forgetSummary, readSummary } from './closing-line.mjs'

const root = new URL('..', import.meta.url)
const pnpm = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')).packageManager
const [script, ...rest] = process.argv.slice(2)
const counted = script === 'test:run' || script === 'check:run'

const env = {
  ...process.env,
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
  WRANGLER_SEND_METRICS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
}
if (counted) forgetSummary()
// Ctrl-C reaches every process of the terminal: this one waits until the script has ended by itself.
process.on('SIGINT', () => {})
const { status } = spawnSync('npx', ['-y', pnpm, 'run', script, ...rest], {
  cwd: root,
  stdio: 'inherit',
  env,
  shell: process.platform === 'win32',
})
if (counted) {
  const summary = readSummary() ?? { passed: 0, failures: ['the install or the build failed before anything was counted'], skipped: 0 }
  if (status !== 0 && summary.failures.length === 0) summary.failures.push(`${script} exited with code ${status}`)
  close(summary)
  process.exitCode = status || (summary.failures.length > 0 ? 1 : 0)
} else {
  process.exitCode = status ?? 1
}
