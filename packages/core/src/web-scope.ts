import { hasSocketPairs } from './web-socket'

/** Runs work where the scope was made, as often as there is some. */
export type Scope = <T>(work: () => Promise<T>) => Promise<T>
type Work = () => Promise<never>

/**
 * The async context (AsyncLocalStorage) of the request that is being handled, for its handler: one that waits in a queue, or is tried
 * again, would otherwise run in that of another job. A continuation keeps the context that it was made in, on every runtime.
 *
 * None on Workers: a job runs in its own request there, and no request may wake another.
 */
export function requestScope(): Scope {
  if (hasSocketPairs()) return (work) => work()
  let enter: (work: Work) => void
  let ended: Promise<never>
  /** Is ready for the next attempt before this one begins. */
  const begin = (work?: Work) => {
    ended = new Promise<Work>((resolve) => {
      enter = resolve
    }).then(begin as Work)
    return work?.()
  }
  begin()
  return (work) => {
    const result = ended
    enter(work as Work) // what a work gives is for who brought it
    return result
  }
}
