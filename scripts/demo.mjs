/** Builds what the demo needs and starts it, with the arguments of `npm run demo -- …`. */
import { spawnSync } from 'node:child_process'

let stopped = false
process.once('SIGINT', () => {
  stopped = true
})
const { status, error } = spawnSync('turbo', ['run', 'build', '--filter=@respond-async/example-demo'], {
  cwd: new URL('..', import.meta.url),
  stdio: 'inherit',
  shell: process.platform === 'win32',
})
if (error) throw error
// After a Ctrl-C turbo exits with 0, although its work is not done. The signal arrives here with the next turn of the event loop.
await new Promise(setImmediate)
if (stopped || status !== 0) process.exit(stopped ? 130 : (status ?? 1))
await import('../examples/demo/src/main.ts')
