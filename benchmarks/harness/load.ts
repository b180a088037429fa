/** The load, in a process of its own: runs one scenario against one port when told to, and reports how it went. */
import { Pool } from 'undici'
import { SCENARIOS, SIZE_SCENARIOS } from './scenarios.ts'
import { quantile } from './statistics.ts'

export interface LoadOrder {
  readonly port: number
  readonly scenario: string
  readonly steps: number
  /** Whether the load stays awake while it has nothing to do, see README.md. Not beside a store, which shares its core. */
  readonly awake?: boolean
}
export interface LoadResult {
  readonly seconds: number
  /** Milliseconds that a step took; a step is one request, four in the whole cycle. */
  readonly latency: { readonly p50: number; readonly p99: number }
  /** Requests beyond those that every contender needs, because a job took longer than the pause between two polls. */
  readonly extra: number
}
/** The messages of the load process, in this order. */
export type LoadMessage =
  | { readonly kind: 'prepared' }
  | ({ readonly kind: 'done' } & LoadResult)
  | { readonly kind: 'failed'; readonly error: string }

const tell = (message: LoadMessage) => void process.send?.(message)

async function perform({ port, scenario: name, steps, awake = false }: LoadOrder): Promise<void> {
  const scenario = [...SCENARIOS, ...SIZE_SCENARIOS].find((one) => one.name === name)
  if (!scenario) throw new Error(`There is no scenario "${name}"`)
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: scenario.parallel, pipelining: 1 })
  await connect(pool, scenario.parallel)
  const prepared = await scenario.prepare(pool)
  tell({ kind: 'prepared' })
  await go()

  const latencies = new Float64Array(steps)
  let next = 0
  let extra = 0
  const one = async () => {
    for (let index = next++; index < steps; index = next++) {
      const began = performance.now()
      extra += await prepared.step(index)
      latencies[index] = performance.now() - began
    }
  }
  let isOver = !awake
  const stayAwake = () => void (isOver || setImmediate(stayAwake))
  const began = performance.now()
  stayAwake()
  await Promise.all(Array.from({ length: scenario.parallel }, one))
  isOver = true
  const seconds = (performance.now() - began) / 1000
  latencies.sort()
  const latency = { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }
  tell({ kind: 'done', seconds, latency, extra })

  await go()
  await prepared.clean?.()
  await pool.close()
  tell({ kind: 'prepared' })
}

/** Opens all connections, so that no measured request has to. */
const connect = (pool: Pool, connections: number) =>
  Promise.all(
    Array.from({ length: connections }, async () => {
      const { body } = await pool.request({ method: 'GET', path: '/jobs/none' })
      await body.dump()
    }),
  )

const go = () => new Promise<void>((resolve) => process.once('message', () => resolve()))

const wait = () =>
  process.once('message', (order) => {
    perform(order as LoadOrder)
      .catch((error) => tell({ kind: 'failed', error: String(error?.stack ?? error) }))
      .finally(wait)
  })
wait()
process.on('disconnect', () => process.exit())
