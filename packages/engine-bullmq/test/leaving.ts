/** A process that hands a job over or waits for jobs and, told to stop its engine, is expected to end without being told. */
import { bullmqEngine } from '@respond-async/engine-bullmq'

const { REDIS_URL: url = '', ROLE } = process.env
const engine = bullmqEngine({ connection: { url }, onError: () => {} })
if (ROLE === 'worker') await engine.start?.(async () => ({ kind: 'done' }))
else await engine.dispatch({ v: 1, id: 'a', operation: 'work', dispatch: 1 }, { delayMs: 0 })
process.once('SIGTERM', () => engine.stop?.(1_000))
process.send?.({})
