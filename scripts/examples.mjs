/** Runs the `check` script of every package in examples/ that has one, two at a time, since they wait for servers. Expects a build. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const AT_ONCE = 2
const home = new URL('../examples/', import.meta.url)
const folders = existsSync(home) ? readdirSync(home).filter(hasCheck).sort() : []

function hasCheck(folder) {
  const manifest = new URL(`${folder}/package.json`, home)
  return existsSync(manifest) && Boolean(JSON.parse(readFileSync(manifest, 'utf8')).scripts?.check)
}

/** Prints what a check has printed when it is over, so that two are not mixed. */
async function check(folder) {
  const child = spawn('pnpm', ['run', 'check'], { cwd: fileURLToPath(new URL(folder, home)), shell: process.platform === 'win32' })
  const output = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => output.push(piece))
  const [code] = await once(child, 'close')
  process.stdout.write(Buffer.concat(output))
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} examples/${folder}`)
  if (code !== 0) process.exitCode = 1
}

const left = folders.values()
const oneByOne = async () => {
  for (const folder of left) await check(folder)
}
await Promise.all(Array.from({ length: AT_ONCE }, oneByOne))
