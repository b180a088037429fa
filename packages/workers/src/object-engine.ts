import { type JobEngine, JobsError, type Runner } from '@respond-async/core'
import { alarmContext } from './object-alarm'
import type { ObjectStub } from './object-protocol'

/** What `waitUntil` gives a job: the platform cuts it off 30 s after the answer, and its end has to be written before that. */
const WAIT_UNTIL_MS = 25_000
/** What an alarm gives a job: 15 minutes, less what claiming it, a last grace and writing its end may take. */
const ALARM_MS = 870_000

/**
 * The engine that comes with the Durable Object store. What fits runs where the request was taken, on its own objects. What needs
 * longer, comes without a request or is tried again runs in the job's object, under its alarm.
 */
export function objectEngine(jobAt: (id: string) => ObjectStub): JobEngine {
  let run: Runner | undefined
  return {
    capabilities: { durable: true, remote: true, maxRunMs: ALARM_MS, defaultMaxRunMs: WAIT_UNTIL_MS, delay: false, cancel: 'none' },
    reserve: (delayMs, maxRunMs = ALARM_MS, platform) => ({
      starts: delayMs === 0 && maxRunMs <= WAIT_UNTIL_MS && platform?.waitUntil !== undefined && !alarmContext(platform),
      release() {},
    }),
    async dispatch(message, { local, platform }) {
      const runner = run
      if (!runner) throw new JobsError('draining', 'This engine is not started.')
      const hold = platform?.waitUntil
      const context = local?.claimed ? { local, platform } : platform && alarmContext(platform)
      if (!hold || !context) return jobAt(message.id).wake(message)
      // After the answer has left: work that began in the same tick would delay it.
      hold(new Promise((resolve) => setTimeout(resolve, 0)).then(() => runner(message, context)))
    },
    async start(runner) {
      run = runner
    },
  }
}
