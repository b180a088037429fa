import { setTimeout as pause } from 'node:timers/promises'
import { createJobs, type JobHandle, type JobStore } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import express, { type Express } from 'express'

/** Counts words line by line. Each line takes a moment, as if a slow service were asked. */
async function countWords(text: string, job: JobHandle): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const lines = text.split('\n')
  for (const [index, line] of lines.entries()) {
    for (const word of line.toLowerCase().match(/\p{L}+/gu) ?? []) counts[word] = (counts[word] ?? 0) + 1
    await pause(100, undefined, { signal: job.signal })
    await job.progress((100 * (index + 1)) / lines.length)
  }
  return counts
}

/** A short lease and one retry: when the process is killed, the next one takes over what it left behind within seconds. */
export async function wordCounts(store: JobStore): Promise<Express> {
  const jobs = createJobs({ store, leaseMs: 2_000, sweepMs: 500, defaults: { retries: 1 } })
  const app = express()
  app.post(
    '/word-counts',
    express.text(),
    respondAsync(jobs, 'word-count', async (req, res) => {
      res.json(await countWords(req.body, req.job))
    }),
  )
  app.use('/jobs', jobRoutes(jobs))
  await jobs.start() // at once, not at the first request: an earlier process may have left jobs behind
  return app
}
