import { hasSocketPairs } from './web-socket'

/** Runs work in the async context in which the scope was made. May be called several times. */
export type Scope = <T>(work: () => Promise<T>) => Promise<T>
type Work = () => Promise<never>

/**
 * Captures the async context (AsyncLocalStorage) of the current request for its handler, which would otherwise run in that of another
 * job if it is queued or retried. Works on every runtime, because the continuation of a promise keeps the context it was made in.
 *
 * Does nothing on Workers: there a job runs in its own request, and no request may wake another.
 */
export function requestScope(): Scope {
  if (hasSocketPairs()) return (work) => work()
  let enter: (work: Work) => void
  let ended: Promise<never>
  /** Prepares for the next attempt before this one begins. */
  const begin = (work?: Work) => {
    ended = new Promise<Work>((resolve) => {
      enter = resolve
    }).then(begin as Work)
    return work?.()
  }
  begin()
  return (work) => {
    const result = ended
    enter(work as Work) // its result goes to this caller
    return result
  }
}
