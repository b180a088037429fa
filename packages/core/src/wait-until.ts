import type { JobEngine, Runner } from './engine'
import { checkedOptions, invalid, timer } from './rules'

export interface WaitUntilOptions {
  /**
   * How long a job may run, in milliseconds. Workers cut off what `waitUntil` holds 30 s after the answer; a job is ended before
   * that, so that its failure can still be written.
   * @default 25_000
   */
  maxRunMs?: number
}

/**
 * Runs a job in the isolate that took the request, held alive by the platform's `waitUntil`. For Workers and the like, and for
 * work that fits into their time limit. It cannot hold a job back: delayed starts and retries need a sweep.
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
