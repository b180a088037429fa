/** The servers that jobs are kept in: one for each contender, beside the load, so that what they cost can be told apart. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import pg from 'pg'
import { startPostgres } from '../../tests/postgres.ts'
import { startRedis } from '../../tests/redis.ts'
import { pinned } from '../harness/pinning.ts'
import { threadsCpuMs } from '../harness/workerd.ts'

export interface Backend {
  readonly url: string
  /** CPU time so far, user and system, in milliseconds: of redis-server; of Postgres and all of its processes, also those that have ended. */
  cpuMs(): number
  stop(): Promise<void>
}

export async function openRedis(): Promise<Backend> {
  const server = await startRedis()
  const client = new Redis(server.url)
  const pid = Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1])
  client.disconnect()
  pin(pid)
  return { url: server.url, cpuMs: () => threadsCpuMs(pid), stop: server.stop }
}

export async function openPostgres(): Promise<Backend> {
  const server = await startPostgres()
  const client = new pg.Client(server.url)
  await client.connect()
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
  const pid = parentOf(rows[0].pid)
  await client.end()
  return postgresOf(server, pid)
}

function postgresOf({ url, stop }: Awaited<ReturnType<typeof startPostgres>>, pid: number): Backend {
  const children = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  for (const process of [pid, ...children()]) pin(process)
  // What a process has used passes to its parent when it ends, in ticks of 10 ms: few end, so that is exact enough.
  const ended = () =>
    fieldsOf(pid)
      .slice(13, 15)
      .reduce((sum, ticks) => sum + Number(ticks) * 10, 0)
  return { url, stop, cpuMs: () => [pid, ...children()].reduce((sum, process) => sum + cpuOf(process), ended()) }
}

/** 0 for a process that has ended in between. */
function cpuOf(pid: number): number {
  try {
    return threadsCpuMs(pid)
  } catch {
    return 0
  }
}

/** Fields of /proc/<pid>/stat from the third on: the second is a name in parentheses that may hold anything. */
const fieldsOf = (pid: number) =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
const parentOf = (pid: number) => Number(fieldsOf(pid)[1])

/** Pins it, and what it starts from now on, to the core of the load. */
function pin(pid: number): void {
  const [command, , core] = pinned('load', [])
  if (command && core) spawnSync(command, ['-a', '-p', '-c', core, `${pid}`])
}
