import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { keep } from './processes.ts'

export const isInstalled = spawnSync('redis-server', ['--version']).status === 0

/** Starts a redis-server on a free port, in a directory that is removed at the end. It writes every change to a file, as a store should. */
export async function startRedis(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'express-bullmq-'))
  process.on('exit', () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }))
  const port = await freePort()
  const args = ['--bind', '127.0.0.1', '--dir', dir, '--appendonly', 'yes', '--save', '', '--maxmemory-policy', 'noeviction']
  const server = spawn('redis-server', ['--port', `${port}`, ...args], { stdio: 'ignore' })
  keep(server)
  server.unref() // alone it does not keep this process running
  while (!(await answers(port))) await setTimeout(50)
  return `redis://127.0.0.1:${port}`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
