import { createJobs, type Representation } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import express, { type Request } from 'express'
import type { Overrides, Shape } from './shape.ts'

const STATES = {
  queued: ['SCHEDULED', 'UNDETERMINED'],
  running: ['STARTED', 'INPROGRESS'],
  succeeded: ['COMPLETED', 'SUCCESS'],
  failed: ['COMPLETED', 'FAILED'],
  canceled: ['COMPLETED', 'CANCELED'],
} as const

/** `2013-01-01T22:50:45.000Z` as `01-01-2013 10:50:45 PM GMT`; an empty string for what has not happened yet. */
function when(time: string | undefined): string {
  if (time === undefined) return ''
  const [, year, month, day, hour, rest] = /^(\d+)-(\d+)-(\d+)T(\d+):(\d+:\d+)/.exec(time) ?? []
  return `${month}-${day}-${year} ${`${Number(hour) % 12 || 12}`.padStart(2, '0')}:${rest} ${Number(hour) < 12 ? 'AM' : 'PM'} GMT`
}

/** A task that points to a job resource, all of whose members are strings. */
const representation: Representation = {
  accepted: ({ id, links }) => ({ body: { task: { href: links.self, id } } }),
  status({ id, status, links, percentComplete = 0, scheduledAt, createdAt, startedAt, finishedAt, owner, meta }) {
    const [state, outcome] = STATES[status]
    const job = {
      '@uri': links.self,
      id,
      name: meta.name,
      'job-state': state,
      'job-status': outcome,
      'percent-complete': `${status === 'succeeded' ? 100 : percentComplete}`,
      'scheduled-start-time': when(scheduledAt ?? createdAt),
      'start-time': when(startedAt),
      'end-time': when(finishedAt),
      owner: owner ?? '',
      summary: meta.summary,
    }
    return { body: { job } }
  },
}

export function jobManagement(update: (progress: (percent: number) => Promise<void>) => Promise<void>, overrides: Overrides = {}): Shape {
  const app = express()
  const path = '/api/company/job-management/jobs'
  const jobs = createJobs<Request>({ path, pendingStatus: 200, representation, owner: (req) => req.get('x-user'), ...overrides })
  app.put(
    '/api/company/resource',
    respondAsync(jobs, { operation: 'update', meta: { name: 'Update Resource', summary: 'random text' } }, async (req, res) => {
      await update((percent) => req.job.progress(percent))
      res.sendStatus(204)
    }),
  )
  app.use(path, jobRoutes(jobs))
  return { app, jobs }
}
