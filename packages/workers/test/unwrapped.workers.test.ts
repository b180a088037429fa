import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { createJobs, inProcess, memoryStore } from '@respond-async/core'
import fc from 'fast-check'
import {
  AutoRouter,
  error,
  html,
  type IRequest,
  IttyRouter,
  Router,
  StatusError,
  json as toJson,
  status as toStatus,
  text as toText,
  withContent,
  withCookies,
  withParams,
} from 'itty-router'
import { expect, it } from 'vitest'
import {
  type Answered,
  answered,
  body,
  bodyOf,
  type Call,
  call,
  comparable,
  FAILED,
  init,
  inPieces,
  json,
  plain,
  READS,
  repeatedFields,
  requestOf,
  sent,
  status,
  text,
} from '../../../tests/cases/random-web'
import { jobRoutes, respondAsync } from '../src/index'

const turn = () => new Promise<void>((resolve) => setTimeout(resolve))

type AnyRouter = ReturnType<typeof Router<IRequest, [Cloudflare.Env, ExecutionContext]>>
const ROUTERS: Record<string, () => AnyRouter> = {
  IttyRouter: () => IttyRouter() as AnyRouter,
  Router: () => Router(),
  'Router with json': () => Router({ finally: [toJson as never] }),
  'Router that adds a field': () =>
    Router({
      finally: [
        (response: Response) => {
          const added = new Response(response.body, response)
          added.headers.set('x-finally', 'yes')
          return added
        },
      ],
    }),
  AutoRouter: () => AutoRouter() as unknown as AnyRouter,
}
const BEFORE: Record<string, (request: IRequest) => unknown> = {
  withContent,
  withCookies,
  withParams,
  'sets user': (request) => {
    request.user = { name: 'ann' }
  },
  'reads a clone': async (request) => {
    await request.clone().arrayBuffer()
  },
}

const calls = fc.array(
  fc.oneof(
    call('read', fc.constantFrom(...READS)),
    call('clone', fc.constantFrom(...READS)),
    call('new Request', fc.constantFrom(...READS)),
    call('stream'),
    call('request'),
    call('wait'),
  ),
  { maxLength: 4 },
)
const answer = fc.oneof(
  call('Response', body, init),
  call('Response.json', json, init),
  call('Response.redirect', fc.constantFrom(302, 308)),
  call('json', json, init),
  call('text', text, init),
  call('html', text, init),
  call('status', status, init),
  call('error', fc.constantFrom(400, 404, 500, 503), fc.constantFrom('no', { code: 7 }, undefined)),
  call('cookies', text),
  call('pieces', fc.array(text, { maxLength: 4 }), status),
  call('clone', body, init),
  call('throw'),
  call('throw StatusError', fc.constantFrom(400, 404)),
)
/** Values that are not responses: only some routers send them. */
const values = call('value', fc.constantFrom<unknown>({ a: 'ü' }, [1], 'text', '', 0, false, null, undefined))
const cases = fc.record({
  sent,
  before: fc.subarray(Object.keys(BEFORE), { maxLength: 3 }),
  calls,
  work: fc.oneof(
    fc.record({ router: fc.constantFrom(...Object.keys(ROUTERS)), answer }),
    fc.record({ router: fc.constantFrom('Router with json', 'AutoRouter'), answer: fc.oneof(answer, values) }),
  ),
})
type Case = typeof cases extends fc.Arbitrary<infer C> ? C : never

async function act(request: IRequest, [what, read]: Call, hasShortcuts: boolean): Promise<unknown> {
  const by = read as (typeof READS)[number]
  switch (what) {
    case 'read':
      return plain(await request[by]())
    case 'clone':
      return plain(await request.clone()[by]())
    case 'new Request':
      return plain(await new Request(request)[by]())
    case 'stream':
      return plain(await new Response(request.body).arrayBuffer())
    case 'wait':
      return turn()
    default: {
      const { method, url, headers, params, query, route, user, content, cookies, job } = request
      const told = [method, url, headers.get('x-sent'), headers.get('content-type'), { ...params }, { ...query }, route]
      const put = [user ?? job?.carry.user, await plain(content ?? job?.carry.content), cookies ?? job?.carry.cookies]
      return [...told, ...put, hasShortcuts && request.id]
    }
  }
}

function respond([what, ...args]: Call): unknown {
  const [first, second] = args as never[] as [never, never]
  switch (what) {
    case 'Response':
      return new Response(bodyOf(first), second)
    case 'Response.json':
      return Response.json(first, second)
    case 'Response.redirect':
      return Response.redirect('https://other.example/to', first)
    case 'json':
      return toJson(first, second)
    case 'text':
      return toText(first, second)
    case 'html':
      return html(first, second)
    case 'status':
      return toStatus(first, second)
    case 'error':
      return error(first, second)
    case 'cookies':
      return new Response(first, { headers: repeatedFields() })
    case 'pieces':
      return new Response(inPieces(first, turn), { status: second, headers: { 'content-type': 'text/csv' } })
    case 'clone':
      return new Response(bodyOf(first), second).clone()
    case 'value':
      return first
    case 'throw StatusError':
      throw new StatusError(first, 'refused')
    default:
      throw new Error('broken')
  }
}

const WAYS = ['direct', 'asked', 'soon', 'live', 'stored'] as const
type Way = (typeof WAYS)[number]
const pathOf = (way: Way) => (way === 'direct' ? way : `wrapped-${way}`)
/** What a route answers unwrapped, and what it does wrapped in each way. */
async function answersOf({ sent, before, calls, work: { router: kind, answer } }: Case) {
  let seen: unknown[][] = []
  let hasThrown = false
  const hasShortcuts = kind === 'AutoRouter' || before.includes('withParams')
  const handler = async (request: IRequest) => {
    seen = []
    for (const what of calls) seen.push([what, await act(request, what, hasShortcuts).catch(() => FAILED)])
    hasThrown = true
    const made = respond(answer)
    hasThrown = false
    return made
  }
  const live = createJobs<IRequest>({ store: memoryStore(), onError: () => {} })
  const stored = createJobs<IRequest>({ store: memoryStore(), engine: inProcess({ replay: true }), path: '/stored', onError: () => {} })
  await stored.start()
  const carry = ({ user, content, cookies }: IRequest) => ({ user: user ?? null, content: content ?? null, cookies: cookies ?? null })
  const handlers = {
    direct: handler,
    asked: respondAsync<Cloudflare.Env, IRequest>(live, { operation: 'asked', when: 'preferred' }, handler),
    soon: respondAsync<Cloudflare.Env, IRequest>(live, { operation: 'soon', when: { afterMs: 20_000 } }, handler),
    live: respondAsync<Cloudflare.Env, IRequest>(live, 'live', handler),
    stored: respondAsync<Cloudflare.Env, IRequest>(stored, { operation: 'stored', carry }, handler),
  }
  const router = (ROUTERS[kind] as () => AnyRouter)()
  router.all('/jobs/*', jobRoutes(live)).all('/stored/*', jobRoutes(stored))
  for (const name of before) router.all('*', BEFORE[name] as never)
  for (const way of WAYS) router.all(`/work/:id/${pathOf(way)}`, handlers[way])
  router.all('*', () => new Response('Not Found', { status: 404 }))
  const send = (path: string, init: RequestInit) =>
    (router.fetch(new Request(`https://example.com${path}`, init) as never, env, createExecutionContext()) as Promise<Response>).catch(
      () => new Response('broken', { status: 500 }),
    )
  const all: Partial<Record<Way, Answered>> = {}
  for (const way of WAYS) {
    seen = []
    let answer = await send(`/work/7/${pathOf(way)}?q=1&q=2&r=3`, requestOf(sent))
    if (answer.status === 202) {
      const location = answer.headers.get('location')
      while ((await send(`${location}`, {})).status === 202) await turn()
      answer = await send(`${location}/result`, {})
    }
    all[way] = await answered(answer, seen)
  }
  await Promise.all([live.stop(), stored.stop()])
  return { ...(all as Record<Way, Answered>), hasThrown }
}

it('a result is what the handler would have answered, whatever it does', async () => {
  const property = fc.asyncProperty(cases, async (one) => {
    const { direct, hasThrown, ...wrapped } = await answersOf(one)
    const [what, value] = one.work.answer
    const [method, kind] = one.sent
    for (const [way, result] of Object.entries(wrapped)) {
      // withContent reads the request itself if it is neither JSON nor a form, and a form cannot be carried.
      if (way === 'stored' && one.before.includes('withContent') && method !== 'GET' && kind !== 'json') continue
      // What is thrown is not told, and what is passed on is the end of the job.
      if (way !== 'asked' && hasThrown) expect(result.status, way).toBe(500)
      else if (way !== 'asked' && what === 'value' && (value ?? null) === null) expect(result.status, way).toBe(direct.status)
      else expect(comparable(result, direct, way === 'live' || way === 'stored'), way).toEqual(direct)
    }
  })
  await fc.assert(property, { numRuns: 50 })
})
