import { checkNoOthers, JobsError } from '@respond-async/core'

/**
 * Checks what `jobRoutes` and the like are given, at once: a mistake should not wait for the first request.
 * @param others the given options without the known ones
 * @throws {JobsError} `invalid_option`
 */
export function checkJobs(where: string, jobs: unknown, others: object = {}): void {
  if (typeof Object(jobs).define !== 'function')
    throw new JobsError('invalid_option', `${where} needs the jobs that createJobs() returned: ${where}(jobs, …)`)
  checkNoOthers(where, others)
}

/**
 * What `respondAsync` is given as operation, as options with a name; `define` checks them.
 * @throws {JobsError} `invalid_option` without jobs
 */
export function operationOf<Options extends { operation: string }>(jobs: unknown, operation: string | Options): Options {
  checkJobs('respondAsync', jobs)
  return typeof operation === 'string' ? ({ operation } as Options) : Object(operation)
}
