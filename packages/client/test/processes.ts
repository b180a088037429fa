import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const children = new Set<ChildProcess>()
const folder = mkdtempSync(join(tmpdir(), 'respond-async-client-'))

/** Where a test may write. */
export const fileIn = (name: string) => join(folder, name)

export function endProcesses(): void {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
  rmSync(folder, { recursive: true, force: true })
}

/** A program of this package or its tests, from source, as one file; its path. */
export async function bundled(entry: string, name: string): Promise<string> {
  const outfile = fileIn(name)
  await build({
    ...{ entryPoints: [fileURLToPath(new URL(entry, import.meta.url))], outfile, bundle: true, format: 'cjs', platform: 'node' },
    ...{ target: 'node20', logLevel: 'error', conditions: ['@respond-async/source'] },
  })
  return outfile
}

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Starts a program, and gathers what it says. `null`: its input does not end. */
export function start(command: string, args: readonly string[], input?: string | null) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  children.add(child)
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text
  })
  child.stdin.on('error', () => {}) // it may end without reading
  if (input !== null) child.stdin.end(input)
  const ended = once(child, 'close').then(([code]): Ended => ({ code, out, err }))
  return { child, ended, said: () => out + err }
}

/** Starts a server that sends its port when it listens. */
export async function startServer(program: string, ...args: string[]) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  children.add(child)
  const [port] = await once(child, 'message')
  return {
    port: String(port),
    async kill() {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}
