import { hasSocketPairs } from './web-socket'

/** Runs work in the async context in which the scope was made. May be called several times. */
export type Scope = <T>(work: () => Promise<T>) => Promise<T>

/**
 * Captures the async context (AsyncLocalStorage) of the current request for its handler, which would otherwise run in that of another
 * job if it is queued or retried; where a route is defined, the context for its stored requests, which have none of their own. Works on
 * every runtime, because the continuation of a promise keeps the context it was made in.
 *
 * Does nothing on Workers: there a job runs in its own request, and no request may wake another.
 */
export function requestScope(): Scope {
  if (hasSocketPairs()) return (work) => work()
  const works: (() => void)[] = []
  let enter: () => void
  /** Prepares for the next run before this one begins. */
  const wait = () => {
    new Promise<void>((resolve) => {
      enter = resolve
    }).then(() => {
      wait()
      for (const work of works.splice(0)) work()
    })
  }
  wait()
  return (work) =>
    new Promise((resolve) => {
      works.push(() => resolve((async () => work())())) // what it throws goes to this caller
      enter()
    })
}
