/** Asynchronous jobs on itty-router, written by hand, in the memory of one isolate. */
import { type IRequest, Router } from 'itty-router'
import {
  acceptedHeaders,
  cancelJob,
  createJob,
  etagOf,
  findJob,
  isOver,
  resultHeaders,
  runJob,
  showJob,
  statusHeaders,
} from './hand-written.ts'
import { buildReport, type ReportRequest, untilAborted } from './report.ts'

interface ExecutionContext {
  waitUntil(work: Promise<unknown>): void
}

const router = Router<IRequest, [env: unknown, context: ExecutionContext]>()

function accept(context: ExecutionContext, operation: string, work: () => Promise<object>): Response {
  const job = createJob(operation)
  context.waitUntil(new Promise((resolve) => setTimeout(resolve, 0)).then(() => runJob(job, work)))
  return Response.json(showJob(job), { status: 202, headers: acceptedHeaders(job) })
}
const notFound = () => Response.json({ error: 'There is no such job' }, { status: 404, headers: { 'Cache-Control': 'no-store' } })

router.post('/reports', async (request, _env, context) => {
  const asked: ReportRequest = await request.json()
  return accept(context, 'report', () => buildReport(asked))
})
router.post('/holds', (_request, _env, context) => accept(context, 'hold', () => untilAborted()))

router.get('/jobs/:id', (request) => {
  const job = findJob(request.params.id ?? '')
  if (!job) return notFound()
  if (request.headers.get('if-none-match') === etagOf(job)) return new Response(null, { status: 304, headers: statusHeaders(job) })
  return Response.json(showJob(job), { status: isOver(job) ? 200 : 202, headers: statusHeaders(job) })
})
router.get('/jobs/:id/result', (request) => {
  const job = findJob(request.params.id ?? '')
  if (!job) return notFound()
  if (!job.result) {
    const headers = { 'Cache-Control': 'no-store', 'Retry-After': '1' }
    return Response.json({ error: 'The result is not ready' }, { status: 404, headers })
  }
  return Response.json(job.result, { headers: resultHeaders(job) })
})
router.delete('/jobs/:id', (request) => {
  const job = findJob(request.params.id ?? '')
  if (!job) return notFound()
  cancelJob(job)
  return Response.json(showJob(job))
})

export default router
