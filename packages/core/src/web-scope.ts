import { hasSocketPairs } from './web-socket'

/** Runs work in the async context in which the scope was made. May be called several times; the work must not throw, but reject. */
export type Scope = <T>(work: () => Promise<T>) => Promise<T>

/**
 * Captures the current async context (AsyncLocalStorage) where a route is defined, for its stored requests: they have none of their own,
 * and a handler would run in that of whoever came before. Works on every runtime, because the continuation of a promise keeps the
 * context it was made in.
 *
 * Does nothing on Workers: there a job runs in its own request, and no request may wake another.
 */
export function asyncScope(): Scope {
  if (hasSocketPairs()) return (work) => work()
  const works: (() => void)[] = []
  let wake: () => void
  /** Prepares for the next run before this one begins. */
  const wait = () => {
    new Promise<void>((resolve) => {
      wake = resolve
    }).then(() => {
      wait()
      for (const work of works.splice(0)) work()
    })
  }
  wait()
  return (work) =>
    new Promise((resolve) => {
      works.push(() => resolve(work()))
      wake()
    })
}
