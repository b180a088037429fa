/** What watching costs the store: round trips counted on the wire, in a process that runs no jobs itself. */
import { setTimeout as pause } from 'node:timers/promises'
import { countingProxy } from '../../tests/counting-proxy.ts'
import { openPostgres, openRedis } from '../stores/backends.ts'
import { startEventServer, startWatchers, watchOnce } from './measure.ts'

const BACKENDS = { redis: openRedis, postgres: openPostgres } as const
const WATCHERS = 50
/** The steps, and the end. */
const CHANGES = 101
/** What ends the subscription on Redis; that on Postgres stays for the next. */
const LAST = { redis: 1, postgres: 0 }
/** When the subscription has surely begun. */
const QUIET_MS = 300

export async function countReads(store: keyof typeof BACKENDS): Promise<number> {
  const backend = await BACKENDS[store]()
  const proxy = await countingProxy(backend.url)
  const load = startWatchers()
  const worker = await startEventServer('hono', 'respond-async', [backend.url])
  const asked = await startEventServer('hono', 'respond-async', [proxy.url])
  try {
    const quiet = async () => {
      await pause(QUIET_MS)
      proxy.take()
    }
    await watchOnce(load, asked.port, WATCHERS, quiet, worker.port)
    return (proxy.take().trips - LAST[store]) / CHANGES
  } finally {
    load.kill()
    for (const server of [asked, worker]) await server.stop()
    await proxy.close()
    await backend.stop()
  }
}
