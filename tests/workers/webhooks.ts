/** A Worker whose jobs tell of their end: under waitUntil when that goes well, under the alarm of the job's object when it has to be tried again. */
import { env } from 'cloudflare:workers'
import { createJobs } from '@respond-async/core'
import { webhooks } from '@respond-async/webhooks'
import { respondAsync } from '@respond-async/workers'
import { durableObjectStore } from '@respond-async/workers/durable-object'

export { JobObject } from '@respond-async/workers/durable-object'

interface Bindings {
  readonly JOBS: DurableObjectNamespace
  readonly RECEIVER: string
  readonly SECRET: string
}
const { JOBS, RECEIVER, SECRET } = env as unknown as Bindings // as tests/webhooks.test.ts binds them
const sender = webhooks({ secrets: [SECRET], allow: [new URL(RECEIVER).origin], retryMs: [100, 100] })
const jobs = createJobs({ store: durableObjectStore(JOBS), webhooks: sender, onError() {} })

const accept = respondAsync<unknown>(jobs, { operation: 'report', webhook: RECEIVER }, () => Response.json({ rows: 7 }))
const acceptNamed = respondAsync<unknown>(jobs, { operation: 'named', webhook: { fromRequest: true } }, () => Response.json({ rows: 7 }))

export default {
  async fetch(request, own, ctx) {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/report') return accept(request, own, ctx)
    if (pathname === '/named') return acceptNamed(request, own, ctx)
    // What is stored, and no more: a read of the status would send what is owed.
    return Response.json(await jobs.get(searchParams.get('id') ?? ''))
  },
} satisfies ExportedHandler<unknown>
