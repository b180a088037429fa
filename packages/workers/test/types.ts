/** What the compiler must know of the adapter, and what it must refuse. Never run: compiled with the other types. */
import { createJobs, type JobHandle, type JobsOptions } from '@respond-async/core'
import { AutoRouter, type IRequest, type IRequestStrict, IttyRouter, Router } from 'itty-router'
import { durableObjectStore, JobObject } from '../src/durable-object'
import { jobRoutes, respondAsync } from '../src/index'

interface Env {
  readonly JOBS: DurableObjectNamespace<JobObject>
  readonly UNTYPED: DurableObjectNamespace
  readonly KV: KVNamespace
}
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const is = <_T extends true>(): void => {}

const jobs = createJobs()

// On a router the jobs know its requests; `env` is what `wrangler types` says, or what is named.
const routed = createJobs<IRequest>()
for (const router of [Router<IRequest, [Cloudflare.Env, ExecutionContext]>(), IttyRouter<IRequest, [Cloudflare.Env, ExecutionContext]>()]) {
  router.post(
    '/reports/:month',
    respondAsync(routed, 'report', async (request, env, ctx) => {
      is<Equal<typeof request.job, JobHandle>>()
      is<Equal<typeof env, Cloudflare.Env>>()
      is<Equal<typeof ctx, ExecutionContext>>()
      await request.job.progress(50, `${request.params.month} ${request.query.tag} ${request.route}`)
      return Response.json({ month: request.params.month })
    }),
  )
  router.all('/jobs/*', jobRoutes(routed))
}
const named = Router<IRequest, [Env, ExecutionContext]>()
named.post(
  '/reports/:month',
  respondAsync<Env, IRequest>(jobs, 'named', async (request, env, ctx) => {
    ctx.waitUntil(env.KV.put('key', request.params.month ?? ''))
    return Response.json({ month: request.params.month })
  }),
)
named.all('/jobs/*', jobRoutes(jobs))

// An existing handler that names its request needs no word of it from the jobs.
const existing = async (request: IRequest, env: Cloudflare.Env, _ctx: ExecutionContext) =>
  Response.json({ month: request.params.month, objects: typeof env })
const wrapped = respondAsync(jobs, 'existing', existing)
is<Equal<typeof wrapped, (request: IRequest, env?: Cloudflare.Env, ctx?: ExecutionContext) => Promise<Response>>>()
Router<IRequest, [Cloudflare.Env, ExecutionContext]>().post('/reports/:month', wrapped, respondAsync(createJobs<Request>(), 'b', existing))

// A request of the application's own, and middleware before the handler.
interface SignedIn extends IRequestStrict {
  user: { id: string }
}
const owned = createJobs<SignedIn>({ owner: ({ user }) => user.id })
const router = Router<SignedIn, [Env, ExecutionContext]>()
const signIn = (request: SignedIn) => {
  request.user = { id: 'ann' }
}
router.post(
  '/reports',
  signIn,
  respondAsync<Env, SignedIn>(owned, { operation: 'owned', carry: ({ user }) => ({ user }) }, (request) => {
    is<Equal<typeof request.user, { id: string }>>()
    return new Response(request.user.id)
  }),
)
router.all('/jobs/*', jobRoutes(owned, { owner: ({ user }) => user.id }))

// AutoRouter takes whatever it gets, and so do we: typings of itty-router 6.0.0 lose its request.
const auto = AutoRouter()
auto.post(
  '/reports',
  respondAsync<Env, IRequest>(jobs, 'auto', (request, env) => ({ month: request.params.month, has: env.KV !== undefined })),
)
auto.all('/jobs/*', jobRoutes(jobs))

// No router.
export default {
  async fetch(request, env, ctx) {
    const answer: Response | undefined = await jobRoutes(jobs)(request, env, ctx)
    return answer ?? respondAsync<Env>(jobs, 'plain', ({ job }) => new Response(job.id))(request, env, ctx)
  },
} satisfies ExportedHandler<Env>

// The binding, typed or not, and a class of the application's own.
export class OwnObject extends JobObject<Env> {
  protected override prepare(): void {
    createJobs({ store: durableObjectStore(this.env.JOBS) })
  }
}
export const stores = (env: Env): JobsOptions[] => [
  { store: durableObjectStore(env.JOBS) },
  { store: durableObjectStore(env.UNTYPED, { maxEvents: 100, listNameless: true }) },
  { store: durableObjectStore(env.JOBS.jurisdiction('eu')) },
]

// Misuse.
// @ts-expect-error an operation has a name
respondAsync(jobs, {}, () => new Response())
// @ts-expect-error there is no such option
respondAsync(jobs, { operation: 'x', timeout: 5 }, () => new Response())
// @ts-expect-error units are in the names, values are numbers
respondAsync(jobs, { operation: 'x', maxRunMs: '60s' }, () => new Response())
// @ts-expect-error these jobs need requests with a user
respondAsync<Env>(owned, 'x', () => new Response())
// @ts-expect-error a plain request has no params
respondAsync<Env>(jobs, 'x', (request) => new Response(request.params.id))
// @ts-expect-error progress is a number
respondAsync(jobs, 'x', (request) => request.job.progress('50'))
// @ts-expect-error a KV namespace keeps no jobs: it cannot compare and set
export const wrong = (env: Env) => durableObjectStore(env.KV)
// @ts-expect-error the set of jobs comes first
jobRoutes()
