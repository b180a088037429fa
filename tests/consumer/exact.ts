// `undefined` means "not given" for every option, also where `exactOptionalPropertyTypes` tells the two apart.
import { createClient, submit } from '@respond-async/client'
import { useJob } from '@respond-async/client/react'
import { createJobs, type DispatchContext, inProcess, type JobStore, memoryStore, type Platform, type Runner } from '@respond-async/core'
import { jobRoutes as fetchRoutes } from '@respond-async/core/fetch'
import { dashboard } from '@respond-async/dashboard'
import { jobRoutes, respondAsync } from '@respond-async/express'
import { jobRoutes as honoRoutes } from '@respond-async/hono'
import { sqliteStore } from '@respond-async/store-sqlite'
import { webhooks } from '@respond-async/webhooks'
import type { Request } from 'express'

declare const env: { store?: JobStore; path?: string; limit?: number; key?: string; signal?: AbortSignal }

const jobs = createJobs<Request>({
  store: env.store,
  engine: env.limit ? inProcess({ concurrency: env.limit, maxQueued: undefined }) : undefined,
  blobs: undefined,
  webhooks: env.key ? webhooks({ secrets: [env.key], allow: undefined, retryMs: undefined, timeoutMs: env.limit }) : undefined,
  path: env.path,
  baseUrl: undefined,
  owner: undefined,
  maxPerOwner: env.limit,
  defaults: { retries: env.limit, when: env.limit ? { afterMs: env.limit } : undefined },
  now: undefined,
  onError: undefined,
})
export const route = respondAsync(
  jobs,
  { operation: 'report', carry: undefined, webhook: env.path ? { url: env.path, events: undefined } : undefined, app: undefined },
  (_req, res) => void res.json({}),
)
export const routes = [jobRoutes(jobs, { owner: undefined })]
export const others = createJobs({ store: memoryStore({ maxJobs: env.limit }) })
export const otherRoutes = [
  fetchRoutes(createJobs<globalThis.Request>(), { path: env.path, owner: undefined }),
  honoRoutes(createJobs(), { owner: undefined, upgradeWebSocket: undefined }),
  dashboard(createJobs<globalThis.Request>(), { access: () => true, title: env.path, windowJobs: env.limit }),
]
export const submitted = () => jobs.submit('report', {}, { idempotencyKey: env.key, delayMs: env.limit, webhook: env.path })
export const file = sqliteStore({ path: 'jobs.db', synchronous: undefined, busyTimeoutMs: env.limit })
const client = createClient({ baseUrl: env.path, headers: undefined, timeoutMs: env.limit })
export const followed = () => client.resume('/jobs/1', { signal: env.signal, timeoutMs: env.limit, headers: undefined })
export const sent = () => submit('/reports', {}, { signal: env.signal, idempotencyKey: env.key })
export const useIt = () => useJob(null, { client: env.key ? client : undefined })
export const carried = (run: Runner, { local, platform, maxRunMs }: DispatchContext) => {
  const there: Platform = { env, context: undefined, waitUntil: undefined }
  return run(
    { v: 1, id: 'a', operation: 'b', dispatch: 1 },
    { local, platform: maxRunMs ? platform : there, signal: env.signal, onChange: undefined },
  )
}
