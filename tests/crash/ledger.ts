import { once } from 'node:events'
import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json, text } from 'node:stream/consumers'
import type { JobHandle } from '@respond-async/core'
import type { Line } from './task'

/** Appends to the process's own file. What it has written stays when the process is killed. */
export function note(dir: string, { id, attempt }: Pick<JobHandle, 'id' | 'attempt'>, key: string, event: Line['event']): void {
  const line: Line = { event, id, key, attempt, pid: process.pid, at: Date.now() }
  appendFileSync(join(dir, `${process.pid}.ledger`), `${JSON.stringify(line)}\n`)
}

/** All lines of all processes, in the order of their times. One that is cut off, being written or by a SIGKILL, is none yet. */
export function linesIn(dir: string): Line[] {
  const files = readdirSync(dir).filter((name) => name.endsWith('.ledger'))
  const lines = files.flatMap((name) => readFileSync(join(dir, name), 'utf8').split('\n').slice(0, -1))
  return lines.map((line): Line => JSON.parse(line)).sort((a, b) => a.at - b.at)
}

/**
 * Takes lines over HTTP, from handlers that run where there are no files: `POST /lines`, and errors `POST /errors`. The answer comes when
 * a line is written. It is in no group that is killed.
 */
export async function startLedger(dir: string): Promise<{ readonly url: string; stop(): void }> {
  const server = createServer(async (req, res) => {
    if (req.url === '/errors') appendFileSync(join(dir, 'http.errors'), `${new Date().toISOString()} ${await text(req)}\n`)
    else
      appendFileSync(
        join(dir, 'http.ledger'),
        `${JSON.stringify({ ...Object(await json(req)), at: Date.now() } satisfies Partial<Line>)}\n`,
      )
    res.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on a port
  return {
    url: `http://127.0.0.1:${port}`,
    stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}
