/**
 * Types, checked twice. Every tsconfig.json of the workspace with the newest TypeScript, from source; and consumers of the built
 * declarations, tests/consumer, with the oldest and the newest supported TypeScript. Expects a build.
 */
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const NEWEST = 'node_modules/@typescript/native'
const OLDEST = 'tests/node_modules/typescript-5.4'
const CONSUMERS = ['tests/consumer/tsconfig.json', 'tests/consumer/tsconfig.workers.json', 'tests/consumer/tsconfig.exact.json']

const projects = globSync(
  ['packages/*/tsconfig.json', 'packages/*/test/tsconfig.json', '{examples/*,benchmarks,tests,tests/workers}/tsconfig.json'],
  {
    cwd: root,
  },
)
  // The compiler reports a folder without any file as an error; here it is skipped.
  .filter((project) => globSync('**/*.{ts,mts,cts}', { cwd: `${root}/${dirname(project)}`, exclude: ['**/node_modules/**'] }).length > 0)
  .sort()

let failed = 0
const check = (compiler, project, ...options) => {
  const { name, version, bin } = JSON.parse(readFileSync(`${root}/${compiler}/package.json`, 'utf8'))
  const args = [`${compiler}/${bin.tsc}`, '--pretty', 'false', '--noEmit', '-p', project, ...options]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  // Errors in the declarations of dependencies are ignored: one may need a newer TypeScript than this library does.
  const errors = stdout.split(/\n(?=\S)/).filter((error) => error.trim() !== '' && !/^\S*node_modules\//.test(error))
  const ok = errors.length === 0 && (status === 0 || stdout !== '')
  if (!ok) console.log(errors.join('\n') + stderr)
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} ${version} ${project}`)
  if (!ok) failed += 1
}

for (const project of projects) check(NEWEST, project)
// Our own declarations are checked here, not skipped: they must not use syntax that the oldest compiler does not know.
for (const compiler of [OLDEST, NEWEST]) for (const consumer of CONSUMERS) check(compiler, consumer, '--skipLibCheck', 'false')
process.exitCode = failed > 0 ? 1 : 0
