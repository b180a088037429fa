/** Runs the `check` script of every package in examples/ that has one. Expects a build. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const home = new URL('../examples/', import.meta.url)
const folders = existsSync(home) ? readdirSync(home).sort() : []

let failed = 0
for (const folder of folders) {
  const manifest = new URL(`${folder}/package.json`, home)
  if (!existsSync(manifest) || !JSON.parse(readFileSync(manifest, 'utf8')).scripts?.check) continue
  const { status } = spawnSync('pnpm', ['run', 'check'], {
    cwd: fileURLToPath(new URL(folder, home)),
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} examples/${folder}`)
  if (status !== 0) failed += 1
}
process.exitCode = failed > 0 ? 1 : 0
