import { JobsError } from '@respond-async/core'
import { expect } from 'vitest'

/** Expects of functions, by their names, that they refuse at once what is no jobs, which JavaScript lets through. */
export function expectJobsNeeded(functions: Readonly<Record<string, (jobs: never) => unknown>>): void {
  for (const [where, given] of Object.entries(functions))
    for (const none of [undefined, null, 'report', {}])
      expect(() => given(none as never)).toThrow(
        new JobsError('invalid_option', `${where} needs the jobs that createJobs() returned: ${where}(jobs, …)`),
      )
}
