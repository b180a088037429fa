import { mayPass, Refusal } from './server'

/** State of the page's connection to its server. */
export type Pulse =
  | { readonly state: 'starting' }
  | { readonly state: 'live'; readonly at: number }
  /** The page is hidden. */
  | { readonly state: 'paused' }
  /** The server does not answer; the next request is at `nextAt`. */
  | { readonly state: 'away'; readonly message: string; readonly nextAt: number }
  /** The server has refused for good. */
  | { readonly state: 'refused'; readonly refusal: Refusal }

const LONGEST_MS = 60_000

export interface Beat {
  /** Refreshes now. */
  now(): void
  stop(): void
}

/**
 * Refreshes repeatedly while the page is visible: every `everyMs` milliseconds, and less often while the server does not answer. The pause
 * is at least as long as the last refresh took.
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
    // Jittered, so that not all pages return to a server at once.
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
