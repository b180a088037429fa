import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface RedisOptions {
  /** Keeps an append-only file, so that `restart()` finds what had been written. @default false: a restart begins empty */
  readonly appendonly?: boolean
  /** Further arguments of redis-server: `['--maxmemory', '20mb']`. */
  readonly args?: readonly string[]
}

/** A redis-server of this process alone, on a free port, in a directory of its own. */
export interface RedisServer {
  /** `redis://127.0.0.1:<port>` */
  readonly url: string
  readonly port: number
  /** Ends the server and deletes its directory. May be called twice. */
  stop(): Promise<void>
  /** SIGKILL. The directory stays, for `restart()`. */
  kill(): Promise<void>
  /** Starts it again on the same port and directory; kills it before if it runs. */
  restart(): Promise<void>
}

/** Whether a redis-server can be started here. */
export const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0

/** For `describe.skipIf`: no Redis here, on a developer's machine. In CI it is a failure instead. */
export const withoutRedis = !process.env.REDIS_URL && !hasRedisServer
if (withoutRedis) {
  const what = 'The Redis tests need REDIS_URL, or redis-server on the PATH (apt install redis-server, brew install redis)'
  if (process.env.CI) throw new Error(`${what}.`)
  console.warn(`${what}: skipped.`)
}

/** The Redis of REDIS_URL where that is set, else one that is started. Tests share it, each under a prefix of its own. */
export async function openRedis(): Promise<Pick<RedisServer, 'url' | 'stop'>> {
  const url = process.env.REDIS_URL
  return url ? { url, stop: async () => {} } : startRedis()
}

/** Starts a redis-server. Tests that kill it, fill it or read its statistics need one that is theirs. */
export async function startRedis({ appendonly = false, args = [] }: RedisOptions = {}): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'respond-async-redis-'))
  const start = async (port: number) => {
    const child = spawn(
      'redis-server',
      [
        ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', appendonly ? 'yes' : 'no'],
        ...['--maxmemory-policy', 'noeviction', ...args],
      ],
      { stdio: 'ignore' },
    )
    children.add(child)
    child.once('exit', () => children.delete(child))
    await answering(child, port)
    return child
  }
  const port = await freePort()
  let child = await start(port)
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
  return {
    ...{ url: `redis://127.0.0.1:${port}`, port },
    async stop() {
      await end('SIGKILL')
      await rm(dir, { recursive: true, force: true })
    },
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGKILL')
      child = await start(port)
    },
  }
}

/** Nodes of a Redis Cluster, each with its part of the slots. */
export async function startRedisCluster(nodes = 3): Promise<{ ports: number[]; stop(): Promise<void> }> {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '5000']
  const servers = await Promise.all(Array.from({ length: nodes }, () => startRedis({ args })))
  const ports = servers.map(({ port }) => port)
  const stop = async () => void (await Promise.all(servers.map((server) => server.stop())))
  try {
    const addresses = ports.map((port) => `127.0.0.1:${port}`)
    await promisify(execFile)('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '0', '--cluster-yes'])
    for (const port of ports) await until(async () => (await cli(port, 'cluster', 'info')).includes('cluster_state:ok'))
  } catch (error) {
    await stop()
    throw error
  }
  return { ports, stop }
}

/** Makes a user `app` with the password `secret` and these rights: of `client|setinfo` where the server knows it, from Redis 7.2 on. */
export async function addUser({ port }: RedisServer, rights: readonly string[]): Promise<void> {
  const isOlder = (await cli(port, 'command', 'info', 'client|setinfo')) === ''
  const known = isOlder ? rights.filter((right) => right !== '+client|setinfo') : rights
  await cli(port, 'acl', 'setuser', 'app', 'on', '>secret', 'resetchannels', ...known)
}

/** The answer of one command, as redis-cli prints it. */
async function cli(port: number, ...command: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('redis-cli', ['-p', `${port}`, ...command], { maxBuffer: 64 * 1024 * 1024 })
  return stdout.trim()
}

const children = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** Below the ports that systems give to outgoing connections, and below 55536: a node of a cluster listens on one 10000 higher too. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 10_000)
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Until the server answers PING with PONG: while it loads its file it answers LOADING. */
async function answering(child: ChildProcess, port: number): Promise<void> {
  await until(() => {
    if (child.exitCode !== null) throw new Error(`redis-server on port ${port} ended with ${child.exitCode} before it was ready`)
    return ping(port)
  })
}

function ping(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.once('error', () => resolve(false))
    socket.once('data', (data) => {
      resolve(data.toString().startsWith('+PONG'))
      socket.destroy()
    })
  })
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await condition()); ) {
    if (Date.now() > end) throw new Error('Redis was not ready within 30 s')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
