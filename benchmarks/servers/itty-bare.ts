/** itty-router on workerd answering constants by the usual calls. */
import { type IRequest, Router } from 'itty-router'
import { HOLD, REPORT, RESULT, statusOf } from './constant.ts'

const router = Router()

router.post('/reports', async (request: IRequest) => {
  await request.json()
  return Response.json(REPORT.body, { status: 202, headers: REPORT.headers })
})
router.post('/holds', () => Response.json(HOLD.body, { status: 202, headers: HOLD.headers }))
router.get('/jobs/:id', (request: IRequest) => {
  const { status, etag, headers, body } = statusOf(request.params.id)
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers })
  return Response.json(body, { status, headers })
})
router.get('/jobs/:id/result', () => Response.json(RESULT.body, { headers: RESULT.headers }))
router.delete('/jobs/:id', () => new Response(null, { status: 204 }))

export default router
