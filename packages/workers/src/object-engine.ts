import { type JobEngine, JobsError, type Runner } from '@respond-async/core'
import { alarmContext } from './object-alarm'
import type { ObjectStub } from './object-protocol'

/** Longest run under `waitUntil`, in milliseconds: less than the platform's 30 s after the answer, so that the end can be written. */
const WAIT_UNTIL_MS = 25_000
/** Longest run under an alarm, in milliseconds: 15 minutes, less the time for the claim, the grace of a cancel and writing the end. */
const ALARM_MS = 870_000

/**
 * The engine that comes with the Durable Object store. A job that fits into `waitUntil` runs in the isolate that took the request, on the
 * live one. Jobs that may take longer, retries and jobs made without a request run in the job's object, under its alarm.
 */
export function objectEngine(jobAt: (id: string) => ObjectStub): JobEngine {
  let run: Runner | undefined
  return {
    capabilities: { durable: true, remote: true, maxRunMs: ALARM_MS, defaultMaxRunMs: WAIT_UNTIL_MS, delay: false, cancel: 'none' },
    reserve: (delayMs, maxRunMs = ALARM_MS, platform) => ({
      starts: delayMs === 0 && maxRunMs <= WAIT_UNTIL_MS && platform?.waitUntil !== undefined,
      release() {},
    }),
    async dispatch(message, { local, platform }) {
      const runner = run
      if (!runner) throw new JobsError('draining', 'This engine is not running.')
      const hold = platform?.waitUntil
      const context = local?.claimed ? { local, platform } : platform && alarmContext(platform)
      if (!hold || !context) return jobAt(message.id).wake(message)
      // Deferred until the answer has been sent: work in the same tick would delay it.
      hold(new Promise((resolve) => setTimeout(resolve, 0)).then(() => runner(message, context)))
    },
    async start(runner) {
      run = runner
    },
  }
}
