import { createJobs, type JobHandle, type Jobs } from '@respond-async/core'
import { jobRoutes, type RequestWithJob, respondAsync } from '@respond-async/core/fetch'
import { describe, expectTypeOf, test } from 'vitest'

/** As Next.js and Bun extend a request. */
interface NextRequest extends Request {
  readonly nextUrl: URL
}
type Answers<R, Rest extends unknown[] = []> = (request: R, ...rest: Rest) => Promise<Response>
const jobs = createJobs()
const requests = createJobs<Request>()

describe('the handler', () => {
  test('gets a request with its job', () => {
    const report = respondAsync(jobs, 'report', async (request) => {
      expectTypeOf(request).toEqualTypeOf<Request & { readonly job: JobHandle }>()
      return Response.json(await request.json())
    })
    expectTypeOf(report).toEqualTypeOf<Answers<Request>>()
    expectTypeOf(respondAsync(jobs, 'named', (request: RequestWithJob) => new Response(request.job.id))).toEqualTypeOf<Answers<Request>>()
  })

  test('may be of a framework whose request is more than that', () => {
    const post = async (request: NextRequest, { params }: { params: Promise<{ id: string }> }) =>
      new Response(request.nextUrl.search + (await params).id)
    expectTypeOf(respondAsync(jobs, 'item', post)).toEqualTypeOf<Answers<NextRequest, [{ params: Promise<{ id: string }> }]>>()
    expectTypeOf(respondAsync(requests, 'item', post)).toEqualTypeOf(post)
    respondAsync(jobs, 'named', (request: RequestWithJob<NextRequest>) => new Response(request.nextUrl.search + request.job.id))
  })

  test('knows the request of its jobs', () => {
    const owned = createJobs<NextRequest>({ owner: (request) => request.nextUrl.username })
    const post = respondAsync(owned, { operation: 'item', carry: (request) => ({ path: request.nextUrl.pathname }) }, (request) => {
      expectTypeOf(request.nextUrl).toEqualTypeOf<URL>()
      return new Response(null)
    })
    expectTypeOf(post).toEqualTypeOf<Answers<NextRequest>>()
    expectTypeOf(jobRoutes(owned, { owner: (request) => request.nextUrl.username }))
      .parameter(0)
      .toEqualTypeOf<NextRequest>()
    expectTypeOf(jobRoutes(jobs)).parameter(0).toEqualTypeOf<Request>()
    const known = createJobs<Request & { user: string }>({ owner: ({ user }) => user })
    respondAsync(known, { operation: 'known', carry: ({ user }) => ({ user }) }, ({ user }) => new Response(user))
  })
})

describe('misuse', () => {
  test('is a type error', () => {
    const handler = () => new Response()
    // @ts-expect-error an operation needs a name
    respondAsync(jobs, {}, handler)
    // @ts-expect-error units are in the names
    respondAsync(jobs, { operation: 'a', maxRun: 5 }, handler)
    // @ts-expect-error a handler answers with a response
    respondAsync(jobs, 'a', () => 5)
    // @ts-expect-error these jobs belong to another framework
    respondAsync(createJobs() as Jobs<{ readonly hono: true }>, 'a', handler)
    // @ts-expect-error these jobs belong to another framework
    jobRoutes(createJobs() as Jobs<{ readonly hono: true }>)
  })
})
