/** The same on itty-router with this library: the memory store by name, and jobs under waitUntil, which is the default on Workers. */
import { createJobs, memoryStore } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/workers'
import { Router } from 'itty-router'
import { buildReport, type ReportRequest, untilAborted } from './report.ts'

const jobs = createJobs({ store: memoryStore() })
const router = Router()

router.post(
  '/reports',
  respondAsync(jobs, 'report', async (request) => Response.json(await buildReport((await request.json()) as ReportRequest))),
)
router.post(
  '/holds',
  respondAsync(jobs, 'hold', (request) => untilAborted(request.job?.signal)),
)
router.all('/jobs/*', jobRoutes(jobs))

export default router
