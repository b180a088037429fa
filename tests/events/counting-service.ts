/** A service on a framework as a process of its own, and a second server that tells what it holds. Its one job waits: one that runs is watched by its own attempt. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type JobStore, memoryStore } from '@respond-async/core'
import { start } from './service'

export interface Held {
  readonly heapBytes: number
  readonly resources: number
  readonly connections: number
  readonly subscriptions: number
  /** Reads that the store has not answered yet. */
  readonly reads: number
}
export interface Said {
  readonly url: string
  /** `/` tells what is held, after `/hold` no read is answered until `/release`. */
  readonly control: string
}

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** A store as those that several processes share: it is watched, and its answers may take a while. */
const alone = memoryStore()
let gate: Promise<void> | undefined
let release = () => {}
let reads = 0
let subscriptions = 0
const store: JobStore = {
  ...alone,
  capabilities: { ...alone.capabilities, shared: true, watch: true },
  async get(id, view) {
    reads++
    await gate
    reads--
    return alone.get(id, view)
  },
  async *watch(_id, signal) {
    subscriptions++
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    subscriptions--
    yield* []
  },
}

const { server, jobs, url } = await start(process.env.FRAMEWORK ?? '', async () => ({}), { store, sweepMs: 0 })

const control = createServer(async ({ url: what }, res) => {
  if (what === '/release') release()
  if (what === '/hold')
    gate = new Promise((resolve) => {
      release = resolve
    })
  const connections = await new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)))
  collect()
  const resources = process.getActiveResourcesInfo().length
  const held: Held = { heapBytes: process.memoryUsage().heapUsed, resources, connections, subscriptions, reads }
  res.end(JSON.stringify(held))
})
control.listen(0, '127.0.0.1', async () => {
  const { id } = await jobs.submit('work', {}, { url: '/work', idempotencyKey: 'one', delayMs: 3_600_000 })
  const said: Said = { url: `${url}/jobs/${id}`, control: `http://127.0.0.1:${(control.address() as AddressInfo).port}` }
  process.send?.(said)
})
