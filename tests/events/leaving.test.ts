import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it, vi } from 'vitest'
import { bundled, type Process, startProcess } from '../processes'
import type { Held, Said } from './counting-service'
import { FRAMEWORKS } from './service'
import { watchers } from './watchers'

const running: Process[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.end('SIGKILL')
})
const entry = fileURLToPath(new URL('./counting-service.ts', import.meta.url))
const code = bundled(entry)

async function startCounting(framework: string) {
  const { said, ...process } = await startProcess<Said>(entry, await code, { FRAMEWORK: framework })
  running.push(process)
  const ask = async (what = ''): Promise<Held> => (await (await fetch(`${said.control}/${what}`)).json()) as Held
  const until = (expected: Partial<Held>) => vi.waitFor(async () => expect(await ask()).toMatchObject(expected), { timeout: 20_000 })
  return { url: said.url, ask, until }
}

const ROUND = 500
const ROUNDS = 20

// A fetch handler has its streams from where Hono has them.
it.each(Object.keys(FRAMEWORKS).slice(0, 2))(
  `${ROUND * ROUNDS} watchers that came and went leave nothing behind: %s`,
  async (framework) => {
    const { url, ask, until } = await startCounting(framework)
    const round = async () => {
      const all = await watchers(`${url}/events`, ROUND)
      const during = await ask()
      for (const { socket } of all) socket.destroy()
      await until({ connections: 0, subscriptions: 0 })
      return during
    }
    await round()
    await round() // by now what is made once has been made
    const before = await ask()
    let during = before
    for (let n = 2; n < ROUNDS; n++) during = await round()
    expect(during).toMatchObject({ connections: ROUND, subscriptions: 1 })
    const after = await ask()
    expect(after.resources).toBeLessThanOrEqual(before.resources)
    // A watcher that stayed would keep some thousand bytes, of which there would be nine thousand times as many.
    expect(after.heapBytes - before.heapBytes).toBeLessThan(200 * ROUND * (ROUNDS - 2))
  },
)

it.each(Object.keys(FRAMEWORKS))('who leaves before the answer is not waited for: %s', async (framework) => {
  const { url, ask, until } = await startCounting(framework)
  const { hostname, port, pathname } = new URL(url)
  await ask('hold')
  const sockets = Array.from({ length: 20 }, () => {
    const socket = connect(Number(port), hostname)
    socket.write(`GET ${pathname}/events HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`)
    return socket
  })
  await until({ connections: 20, reads: 20 })
  for (const socket of sockets) socket.destroy()
  await until({ connections: 0 })
  await ask('release')
  await until({ reads: 0, subscriptions: 0 })
})

it.each(Object.keys(FRAMEWORKS))('a request that is held ends when its client leaves: %s', async (framework) => {
  const { url, until } = await startCounting(framework)
  const { hostname, port, pathname } = new URL(url)
  const held = [
    `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nPrefer: wait=25\r\n\r\n`,
    // A repeat of the one job.
    `POST /work HTTP/1.1\r\nHost: ${hostname}\r\nPrefer: wait=25\r\nIdempotency-Key: one\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
  ]
  for (const request of held) {
    const sockets = Array.from({ length: 20 }, () => {
      const socket = connect(Number(port), hostname)
      socket.write(request)
      return socket
    })
    await until({ connections: 20, subscriptions: 1 })
    for (const socket of sockets) socket.destroy()
    await until({ connections: 0, subscriptions: 0 }) // in less than they would be held for
  }
})
