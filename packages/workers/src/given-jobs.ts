import type { Jobs } from '@respond-async/core'
import { checkJobs } from '@respond-async/core/store'

/** The jobs of the module, or a function that makes them from `env`, if that is done for each call. */
export type GivenJobs<Env> = Jobs<never> | ((env: Env) => Jobs<never>)

/** A function that returns the jobs for a call. @throws {JobsError} `invalid_option` if none are given */
export function jobsFrom<Env>(where: string, given: GivenJobs<Env>): (env: Env) => Jobs<never> {
  if (typeof given === 'function') return given
  checkJobs(where, given)
  return () => given
}
