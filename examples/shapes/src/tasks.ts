import { createJobs, type Representation } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import express, { type Request } from 'express'
import type { Overrides, Shape } from './shape.ts'

const WORDS = { queued: 'pending', running: 'running', succeeded: 'completed', failed: 'failed', canceled: 'canceled' } as const

/** A task with a number for its id, and times to the second. */
const task: Representation['status'] = ({ id, status, createdAt }) => ({
  body: { taskId: Number(id), status: WORDS[status], createdAt: createdAt.replace(/\.\d+Z$/, 'Z') },
})

export function tasks(work: () => Promise<unknown>, overrides: Overrides = {}): Shape {
  const app = express()
  const jobs = createJobs<Request>({ path: '/tasks', representation: { accepted: task, status: task }, ...overrides })
  app.post(
    '/api/tasks',
    respondAsync(jobs, 'task', async (_req, res) => {
      res.json(await work())
    }),
  )
  app.use('/tasks', jobRoutes(jobs))
  return { app, jobs }
}
