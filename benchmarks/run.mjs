/**
 * `node benchmarks/run.mjs`: runs everything on the Node that the tools run on, whichever Node this is. Expects a build.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const linked = `${root}node_modules/.bin/node`
const node = existsSync(linked) ? linked : process.execPath
const child = spawn(node, [`${root}benchmarks/main.ts`, ...process.argv.slice(2)], { stdio: 'inherit' })
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})
