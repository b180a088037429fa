import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { JobEngine, JobStore, Jobs, JobsOptions } from '@respond-async/core'

/** An application: its jobs, and how it begins to listen on a free port, which it resolves to. */
export interface App {
  readonly jobs: Pick<Jobs<never>, 'start' | 'stop'>
  listen(): Promise<number>
}

/** Runs an application as the environment says: takes requests, runs jobs, or both. Ends in good order at SIGTERM. */
export async function serve(app: (options: JobsOptions) => App, store: JobStore, engine: JobEngine): Promise<void> {
  const { ROLE = '', DIR = '', DRAIN_MS = '10000', CLOCK_MS = '0', JOBS = '{}' } = process.env
  const { jobs, listen } = app({
    ...{ store, engine, ...JSON.parse(JOBS) },
    now: () => Date.now() + Number(CLOCK_MS),
    onError(error, about) {
      const text = error instanceof Error ? error.stack : String(error)
      appendFileSync(join(DIR, `${process.pid}.errors`), `${new Date().toISOString()} ${JSON.stringify(about)} ${text}\n`)
    },
  })
  process.on('SIGTERM', () => {
    jobs.stop({ drainMs: Number(DRAIN_MS) }).then(() => process.exit())
  })
  process.on('disconnect', () => process.exit())
  if (ROLE.includes('worker')) await started(jobs)
  process.send?.({ port: ROLE.includes('web') ? await listen() : 0 })
}

/** A worker may come up while its queue is away. */
async function started(jobs: App['jobs']): Promise<void> {
  for (;;) {
    try {
      return await jobs.start()
    } catch {
      await setTimeout(200)
    }
  }
}
