/**
 * Checks what users get: packs every published package, runs publint and attw on the tarballs, installs them with npm in a scratch
 * project, and loads each entry by import and by require on the Node of this machine (20 or later), not the one the tools run on.
 * Expects a build.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Entries that only load inside another runtime or tool. Their types and tarballs are checked all the same. */
const NOT_ON_NODE = {
  '@respond-async/store-testkit/vitest': 'runs inside vitest',
  '@respond-async/workers/durable-object': 'runs inside workerd',
  '@respond-async/workers/workflows': 'runs inside workerd',
}
/** Peers to install next to the tarballs. Optional ones stay out, because each package must load without them; `ws` has an entry of its own. */
const PEERS = ['bullmq@6', 'express@5', 'hono@4', 'react@19', 'ws@8']
/** ES modules only, like the library that the package is for. */
const isModule = ({ exports }) => exports['.'].require === undefined

const windows = process.platform === 'win32'
const root = fileURLToPath(new URL('..', import.meta.url))
const packages = join(root, 'packages')
const tarballs = mkdtempSync(join(tmpdir(), 'respond-async-packed-'))
const scratch = mkdtempSync(join(tmpdir(), 'respond-async-scratch-'))
// The machine's own Node and npm: the PATH without the node_modules folders.
const PATH = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.split(sep).includes('node_modules'))
  .join(delimiter)
const own = { cwd: scratch, env: { ...process.env, PATH }, encoding: 'utf8', shell: windows }

let failed = 0
const report = (ok, what, detail = '') => {
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${what}${detail ? `: ${detail}` : ''}`)
  if (!ok) failed += 1
}
const run = (what, command, args, options) => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', shell: windows, ...options })
  report(status === 0, what, status === 0 ? '' : `\n${stdout}${stderr}`)
}

try {
  const published = readdirSync(packages)
    .map((folder) => ({
      folder: join(packages, folder),
      manifest: JSON.parse(readFileSync(join(packages, folder, 'package.json'), 'utf8')),
    }))
    .filter(({ manifest }) => !manifest.private)

  for (const { folder, manifest } of published) {
    const tarball = join(tarballs, `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`)
    execFileSync('pnpm', ['pack', '--pack-destination', tarballs], { cwd: folder, stdio: 'ignore', shell: windows })
    run(`publint ${manifest.name}`, 'publint', ['run', tarball, '--strict'], { cwd: root })
    run(`attw ${manifest.name}`, 'attw', [tarball, '--profile', isModule(manifest) ? 'esm-only' : 'node16'], { cwd: root })
    const files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).split('\n')
    report(!files.some((file) => file.startsWith('package/src/')) && files.includes('package/LICENSE'), `contents of ${manifest.name}`)
  }

  writeFileSync(join(scratch, 'package.json'), JSON.stringify({ name: 'scratch', private: true }))
  const files = readdirSync(tarballs).map((file) => join(tarballs, file))
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel', 'error', ...files, ...PEERS], {
    ...own,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const version = execFileSync('node', ['--version'], own).trim()
  console.log(`Node ${version}`)

  for (const { manifest } of published) {
    const installed = join(scratch, 'node_modules', manifest.name)
    const { exports, peerDependencies = {} } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
    report(!JSON.stringify({ exports, peerDependencies }).match(/\/src\/|workspace:/), `manifest of ${manifest.name}`)
    for (const path of Object.keys(exports).filter((path) => path !== './package.json')) {
      const entry = manifest.name + path.slice(1)
      if (entry in NOT_ON_NODE) {
        console.log(`-      ${entry}: ${NOT_ON_NODE[entry]}`)
        continue
      }
      const print = '(m) => console.log(Object.keys(m).sort().join(" "))'
      const imported = spawnSync('node', ['--input-type=module', '-e', `import(${JSON.stringify(entry)}).then(${print})`], {
        ...own,
        shell: false,
      })
      const required = spawnSync('node', ['--input-type=commonjs', '-e', `(${print})(require(${JSON.stringify(entry)}))`], {
        ...own,
        shell: false,
      })
      report(imported.status === 0, `import  ${entry}`, imported.stdout.trim() || imported.stderr)
      if (isModule(manifest)) continue
      report(required.status === 0, `require ${entry}`, required.stdout.trim() || required.stderr)
      report(imported.stdout === required.stdout, `same names from both: ${entry}`)
    }
    for (const file of Object.values(manifest.bin ?? {})) report(existsSync(join(installed, file)), `bin of ${manifest.name}`, file)
  }
} finally {
  for (const folder of [tarballs, scratch]) rmSync(folder, { recursive: true, force: true })
}
process.exitCode = failed > 0 ? 1 : 0
