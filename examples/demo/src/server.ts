/** A server in a process of its own, which leads a process group that ends with it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { DemoError } from './demo-error.ts'
import type { Framework } from './frameworks.ts'

export interface Server {
  readonly url: string
  readonly readyMs: number
  /** Aborts when the server exits without having been asked to. Its reason says how. */
  readonly gone: AbortSignal
  stop(): Promise<void>
}

const START_MS = 60_000
const STOP_MS = 5_000
const END_WITH_PARENT = new URL('end-with-parent.ts', import.meta.url).href
const windows = process.platform === 'win32'

const running = new Set<ChildProcess>()
// However this process ends, it leaves no server behind.
process.once('exit', () => {
  for (const child of running) kill(child, 'SIGKILL')
})

export const stopServers = () => Promise.all([...running].map(stop))

/** Starts it and waits until it has printed its URL. */
export async function startServer({ title, program }: Framework, port: number, print?: (line: string) => void): Promise<Server> {
  const started = performance.now()
  const child = spawn(process.execPath, ['--import', END_WITH_PARENT, program], {
    env: { ...process.env, PORT: `${port}` },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: !windows,
  })
  running.add(child)
  const said: string[] = []
  const gone = new AbortController()
  child.once('error', (error) => gone.abort(new DemoError(`${title}: the server could not be started: ${error.message}`)))
  child.once('close', (code, signal) => {
    if (running.has(child)) gone.abort(ended(title, port, code ?? signal, said))
  })

  const url = new Promise<string>((resolve) => {
    const hear = (line: string) => {
      if (/^http:\/\/\S+$/.test(line)) return resolve(line)
      said.push(line)
      print?.(line)
    }
    for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on('line', hear)
  })
  try {
    const ready = await Promise.race([url, rejected(gone.signal), pause(START_MS, undefined, { ref: false })])
    if (ready === undefined) throw new DemoError(`${title}: the server was not ready within ${START_MS / 1000} seconds.`)
    return { url: ready, readyMs: performance.now() - started, gone: gone.signal, stop: () => stop(child) }
  } catch (error) {
    await stop(child)
    throw error
  }
}

const rejected = (signal: AbortSignal) => once(signal, 'abort').then(() => Promise.reject(signal.reason))

function ended(title: string, port: number, how: number | string | null, said: readonly string[]): DemoError {
  if (said.some((line) => /EADDRINUSE|Address already in use/i.test(line)))
    return new DemoError(
      `Port ${port} is in use. Stop what listens there, or choose another with --port; without --port a free one is used.`,
    )
  return new DemoError([`${title}: the server exited by itself (${how}).`, ...said.slice(-20)].join('\n  '))
}

async function stop(child: ChildProcess): Promise<void> {
  if (!running.delete(child)) return
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const end = once(child, 'exit')
    kill(child, 'SIGTERM')
    await Promise.race([end, pause(STOP_MS, undefined, { ref: false })])
  }
  kill(child, 'SIGKILL') // what it had started itself, if that is still there
}

function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    if (windows) spawnSync('taskkill', ['/pid', `${pid}`, '/t', '/f'])
    else process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // nobody left
  }
}
