/** One contender as a process of its own, pinned to one core, that can be asked for the CPU time it has used. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Contender } from './contenders.ts'
import { pinned } from './pinning.ts'
import { startWorkerd } from './workerd.ts'

export interface Server {
  readonly port: number
  /** CPU time of the whole process so far, user and system, in milliseconds. */
  cpuMs(): Promise<number>
  /** How many jobs' work it has done so far; a Node process only. */
  built?(): Promise<number>
  /** Its heap and buffers; a Node process only, and exact with `--expose-gc`. */
  memoryBytes?(): Promise<number>
  /** Where its inspector listens; a Worker only, if it was started with one. */
  readonly debuggerUrl?: string
  stop(): Promise<void>
}

const SERVERS = fileURLToPath(new URL('../servers/', import.meta.url))

/** @param flags of its runtime */
export const startServer = (contender: Contender, flags: readonly string[] = []): Promise<Server> =>
  contender.runtime === 'node'
    ? startNode([...flags, SERVERS + contender.file, ...contender.args])
    : startWorkerd(SERVERS + contender.file, flags)

async function startNode(args: readonly string[]): Promise<Server> {
  const [command = '', ...rest] = pinned('server', [process.execPath, ...args])
  const child = spawn(command, rest, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const { port } = await told<{ port: number }>(child)
  return {
    port,
    async cpuMs() {
      child.send('cpu')
      const { cpu } = await told<{ cpu: NodeJS.CpuUsage }>(child)
      return (cpu.user + cpu.system) / 1000
    },
    async built() {
      child.send('built')
      return (await told<{ built: number }>(child)).built
    },
    async memoryBytes() {
      child.send('memory')
      return (await told<{ memory: number }>(child)).memory
    },
    async stop() {
      if (child.exitCode !== null) return
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.send('exit')
      await gone
    },
  }
}

/** The next message of a child. */
export const told = <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`${child.spawnargs.join(' ')} ended with ${code}`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      resolve(message as T)
    })
  })
