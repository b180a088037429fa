import { type CapturedResponse, createJobs, type Execution, type Job, type Jobs, type JobsOptions, memoryStore } from '@respond-async/core'

/** Jobs with three kinds of work: one that is done at once, one that throws, one that goes on until it is told to stop. */
export function makeJobs(options: JobsOptions = {}): Jobs {
  const jobs = createJobs({ store: memoryStore({ maxEvents: 50 }), onError: () => {}, ...options })
  jobs.define('quick', {}, async () => json('{"rows":3}'))
  jobs.define('broken', {}, async () => {
    throw new Error('secret of the handler')
  })
  jobs.define('slow', {}, async ({ handle }: Execution) => {
    await handle.progress(40, 'page 2 of 5')
    await new Promise((_, reject) => handle.signal.addEventListener('abort', () => reject(handle.signal.reason)))
    return json('{}')
  })
  return jobs
}

const json = (body: string): CapturedResponse => ({ status: 200, headers: { 'content-type': 'application/json' }, body })

/** Looks again and again until it is so, for ten seconds at most. */
export async function until<T>(look: () => Promise<T | null | undefined | false>, pauseMs = 10): Promise<T> {
  for (const end = Date.now() + 10_000; ; ) {
    const found = await look()
    if (found) return found
    if (Date.now() > end) throw new Error(`It did not come to be: ${look}`)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

/** Submits, and waits until the job is in that state. */
export async function jobIn(jobs: Jobs, status: Job['status'], operation: string, owner: string | null = null): Promise<Job> {
  const { id } = await jobs.submit(operation, {}, { owner })
  return until(async () => {
    const job = await jobs.get(id)
    return job?.status === status && job
  })
}
