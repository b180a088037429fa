import { createJobs, memoryStore } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/workers'
import { type IRequest, Router } from 'itty-router'

const jobs = createJobs<IRequest>({
  ...{ store: memoryStore(), owner: (request) => request.headers.get('x-user'), cors: ['https://app.example'] },
  ...{ defaults: { maxBodyBytes: 1024 }, onError: () => {} },
})
const router = Router()
router.post(
  '/work',
  respondAsync(jobs, 'work', () => Response.json({ fine: true })),
)
router.post(
  '/fails',
  respondAsync(jobs, 'fails', () => {
    throw new Error('secret of the handler')
  }),
)
router.all('/jobs/*', jobRoutes(jobs))
router.all('*', () => new Response('Not Found', { status: 404 }))

export default router
