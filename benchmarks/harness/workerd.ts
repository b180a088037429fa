/** A Worker in plain workerd, without the proxy that development servers put before it. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { build } from 'esbuild'
import { pinned } from './pinning.ts'
import type { Server } from './server.ts'

const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-10-01",
);
`

/** @param flags of workerd; with `--inspector-addr` the server has a `debuggerUrl` */
export async function startWorkerd(file: string, flags: readonly string[] = []): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'benchmark-worker-'))
  await build({
    entryPoints: [file],
    outfile: join(folder, 'worker.js'),
    ...{ bundle: true, format: 'esm', target: 'es2022', logLevel: 'error' },
    conditions: ['workerd', 'worker'],
  })
  writeFileSync(join(folder, 'config.capnp'), CONFIG)
  const [command = '', ...args] = pinned('server', [program, 'serve', '--control-fd=3', ...flags, join(folder, 'config.capnp')])
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  process.once('exit', () => child.kill('SIGKILL'))
  const ports = await Promise.race([listening(child.stdio[3] as Readable), gone])
  if (!ports || child.pid === undefined) throw new Error(`workerd did not start ${file}`)
  const { pid } = child
  return {
    port: ports.port,
    ...(ports.inspector !== undefined && { debuggerUrl: `ws://127.0.0.1:${ports.inspector}/main` }),
    cpuMs: async () => threadsCpuMs(pid),
    async stop() {
      child.kill('SIGTERM')
      await gone
      rmSync(folder, { recursive: true })
    },
  }
}

/** Path of the program, which is all that the package exports; it has no types. */
const { default: program } = createRequire(import.meta.url)('workerd') as { default: string }

interface Ports {
  readonly port: number
  readonly inspector: number | undefined
}
/** The inspector, if there is one, listens before the server does. */
async function listening(control: Readable): Promise<Ports | undefined> {
  let inspector: number | undefined
  for await (const line of createInterface({ input: control })) {
    const { event, port } = JSON.parse(line) as { event: string; port: number }
    if (event === 'listen-inspector') inspector = port
    if (event === 'listen') return { port, inspector }
  }
  return undefined
}

/** CPU time of all threads in milliseconds, counted in nanoseconds as the scheduler counts it: /proc/<pid>/stat has ticks of 10 ms only. */
export function threadsCpuMs(pid: number): number {
  const tasks = `/proc/${pid}/task`
  const nanoseconds = readdirSync(tasks).map((thread) => Number(readFileSync(`${tasks}/${thread}/schedstat`, 'utf8').split(' ', 1)[0]))
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6
}
