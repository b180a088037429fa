import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { ClientOptions } from '../src/index'

interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}
export type Answer = readonly [status: number, headers?: Record<string, string>, body?: string | object]
/** Answers a request, or does with the socket what it wants. `at` counts requests of this method and path from 1. */
export type Script = (asked: Asked, at: number, res: ServerResponse) => Answer | undefined

export interface ScriptedServer {
  readonly url: string
  readonly asked: readonly Asked[]
  /** Those of this method and path, in the order in which they came. */
  of(line: string): Asked[]
  close(): void
}

const open = new Set<Server>()
export function closeServers(): void {
  for (const server of open) {
    server.close()
    server.closeAllConnections()
  }
  open.clear()
}

/** A real server that does what a test says, good or bad. */
export async function serve(script: Script): Promise<ScriptedServer> {
  const asked: Asked[] = []
  const of = (line: string) => asked.filter(({ method, url }) => `${method} ${url}` === line)
  const server = createServer(async (req, res) => {
    const body = (await buffer(req)).toString()
    const one = { method: req.method ?? '', url: req.url ?? '', headers: req.headers, body }
    asked.push(one)
    const answer = script(one, of(`${one.method} ${one.url}`).length, res)
    if (!answer) return
    const [status, headers = {}, content = ''] = answer
    const isText = typeof content === 'string'
    res.writeHead(status, { ...(!isText && { 'content-type': 'application/json' }), ...headers })
    res.end(isText ? content : JSON.stringify(content))
  })
  open.add(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, of, close }
}

/** A clock on which all pauses are over at once, and that remembers how long they were to be. */
export function quickClock(start = Date.parse('2026-11-22T12:00:00Z')) {
  let now = start
  const pauses: number[] = []
  const options = {
    now: () => now,
    random: () => 0,
    async sleep(ms: number, signal: AbortSignal) {
      pauses.push(ms)
      now += ms
      await new Promise((resolve) => setImmediate(resolve))
      signal.throwIfAborted()
    },
  } satisfies ClientOptions
  return { pauses, options }
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
