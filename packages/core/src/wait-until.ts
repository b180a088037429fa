import type { JobEngine, Runner } from './engine'
import { checkedOptions, invalid, timer } from './rules'

/** Options of {@link waitUntil}. */
export interface WaitUntilOptions {
  /**
   * Time limit of one attempt, in milliseconds. Workers stop `waitUntil` work 30 s after the answer; the limit is lower so that the
   * job's failure can still be written. 1 to 2_147_483_647.
   * @default 25_000
   */
  maxRunMs?: number | undefined
}

/**
 * Runs a job in the isolate that took the request, which the platform's `waitUntil` keeps alive. For Workers and similar platforms, and
 * for jobs that fit their time limit. It cannot delay a job: delayed starts and retries need a sweep.
 *
 * @throws {JobsError} `invalid_option`
 */
export function waitUntil(options: WaitUntilOptions = {}): JobEngine {
  const { maxRunMs } = checkedOptions<Required<WaitUntilOptions>>('waitUntil', options, { maxRunMs: timer(25_000, 1) })
  let run: Runner | undefined
  return {
    capabilities: { durable: false, remote: false, maxRunMs, delay: false, cancel: 'none' },
    reserve: (delayMs, _maxRunMs, platform) => ({ starts: delayMs === 0 && platform?.waitUntil !== undefined, release() {} }),
    async dispatch(message, { local, platform }) {
      const hold = platform?.waitUntil
      if (!run || !hold)
        throw invalid('The waitUntil engine needs an execution context: pass that of the request, or call sweep({ waitUntil }).')
      const runner = run
      hold(new Promise((resolve) => setTimeout(resolve, 0)).then(() => runner(message, { local, platform })))
    },
    async start(runner) {
      run = runner
    },
  }
}
