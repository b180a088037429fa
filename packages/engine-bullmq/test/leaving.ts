/** A process that hands a job over and, told to stop its engine, is expected to end without being told. */
import { bullmqEngine } from '@respond-async/engine-bullmq'

const engine = bullmqEngine({ connection: { url: process.env.REDIS_URL ?? '' }, onError: () => {} })
await engine.dispatch({ v: 1, id: 'a', operation: 'work', dispatch: 1 }, { delayMs: 0 })
process.once('SIGTERM', () => engine.stop?.(1_000))
process.send?.({})
