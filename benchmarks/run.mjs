/**
 * `node benchmarks/run.mjs`: runs everything on the Node of node_modules/.bin, whichever Node starts it. Expects a build.
 * `--suite stores`: what jobs cost in Redis, Postgres and SQLite. `--suite events`: what it costs to be watched.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const SUITES = { routes: 'main.ts', stores: 'stores/main.ts', events: 'events/main.ts' }
const { suite = 'routes' } = parseArgs({ options: { suite: { type: 'string' } }, strict: false }).values
if (!(suite in SUITES)) throw new Error(`There is no suite "${suite}": ${Object.keys(SUITES).join(', ')}`)

const root = fileURLToPath(new URL('..', import.meta.url))
const linked = `${root}node_modules/.bin/node`
const node = existsSync(linked) ? linked : process.execPath
const child = spawn(node, [`${root}benchmarks/${SUITES[suite]}`, ...process.argv.slice(2)], { stdio: 'inherit' })
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})
