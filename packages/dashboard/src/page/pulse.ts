import { mayPass, Refusal } from './server'

/** How the page stands with its server. */
export type Pulse =
  | { readonly state: 'starting' }
  | { readonly state: 'live'; readonly at: number }
  /** Nobody looks at the page. */
  | { readonly state: 'paused' }
  /** It does not answer; asked again at `nextAt`. */
  | { readonly state: 'away'; readonly message: string; readonly nextAt: number }
  /** It has answered that this will not work, however often it is asked. */
  | { readonly state: 'refused'; readonly refusal: Refusal }

const LONGEST_MS = 60_000

export interface Beat {
  /** Looks again now. */
  now(): void
  stop(): void
}

/**
 * Looks at the server again and again while the page is seen: every `everyMs`, and later each time it does not answer. A look that
 * takes long makes the pause longer: half of the time nothing is asked.
 */
export function beat(look: () => Promise<void>, everyMs: number, onPulse: (pulse: Pulse) => void): Beat {
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let isLooking = false
  let isAgain = false
  let isStopped = false

  const later = (ms: number) => {
    clearTimeout(timer)
    if (!isStopped) timer = setTimeout(run, ms)
  }
  const run = async () => {
    clearTimeout(timer)
    if (isStopped) return
    if (isLooking) {
      isAgain = true
      return
    }
    if (document.hidden) return onPulse({ state: 'paused' })
    isLooking = true
    const began = performance.now()
    try {
      await look()
      failures = 0
      if (!isStopped) onPulse({ state: 'live', at: Date.now() })
      later(Math.max(everyMs, performance.now() - began))
    } catch (error) {
      if (!isStopped) failed(error)
    } finally {
      isLooking = false
      if (isAgain) {
        isAgain = false
        later(0)
      }
    }
  }
  const failed = (error: unknown) => {
    if (!(error instanceof Refusal)) throw error
    if (!mayPass(error.status)) return onPulse({ state: 'refused', refusal: error })
    // Spread, so that all the pages that lost a server do not come back to it in one moment.
    const pause = Math.min(LONGEST_MS, everyMs * 2 ** failures++) * (0.75 + Math.random() / 2)
    onPulse({ state: 'away', message: error.message, nextAt: Date.now() + pause })
    later(pause)
  }
  const seen = () => void run()
  document.addEventListener('visibilitychange', seen)
  window.addEventListener('online', seen)
  void run()
  return {
    now: seen,
    stop() {
      isStopped = true
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', seen)
      window.removeEventListener('online', seen)
    },
  }
}
