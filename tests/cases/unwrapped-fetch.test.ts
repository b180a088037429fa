import { createJobs, inProcess } from '@respond-async/core'
import { jobRoutes, type RequestWithJob, respondAsync } from '@respond-async/core/fetch'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  answered,
  body,
  bodyOf,
  type Call,
  call,
  comparable,
  FAILED,
  fieldOf,
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
  without,
} from './random-web'
import { nodeSender } from './random-web-node'

type Handler = (request: Request) => Response | Promise<Response>
type Send = (to: Handler, path: string, init?: RequestInit) => Promise<Response>

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

const looks = [call('clone', fc.constantFrom(...READS)), call('request'), call('wait')]
const reads = [call('read', fc.constantFrom(...READS)), call('new Request', fc.constantFrom(...READS)), call('stream')]
const answers = [
  call('Response', body, init),
  call('Response.json', json, init),
  call('Response.redirect', fc.constantFrom(302, 308)),
  call('cookies', text),
  call('pieces', fc.array(text, { maxLength: 4 }), status),
  call('clone', body, init),
  call('of a fetch', body, init),
  call('throw'),
]
const work = fc.oneof(
  fc.record({ calls: fc.array(fc.oneof(...looks, ...reads), { maxLength: 4 }), answer: fc.oneof(...answers) }),
  fc.record({ calls: fc.array(fc.oneof(...looks), { maxLength: 4 }), answer: call('echo') }),
)
const cases = fc.record({ sent, before: fc.subarray(['sets user', 'reads a clone', 'listens to the signal']), work })
type Case = typeof cases extends fc.Arbitrary<infer C> ? C : never

async function act(request: Request & { user?: string }, [what, read]: Call): Promise<unknown> {
  const by = read as (typeof READS)[number]
  switch (what) {
    case 'read':
      return plain(await request[by]())
    case 'clone':
      return plain(await request.clone()[by]())
    case 'new Request':
      return plain(await new Request(request)[by]())
    case 'stream':
      return new Response(request.body).text()
    case 'wait':
      return turn()
    default: {
      const { method, url, headers, user, signal } = request
      const carried = (request as Partial<RequestWithJob>).job?.carry.user
      return [method, url, headers.get('x-sent'), headers.get('content-type'), user ?? carried, signal.aborted]
    }
  }
}

function respond(request: Request, [what, ...args]: Call): Response {
  const [first, second] = args as never[] as [never, never]
  switch (what) {
    case 'Response':
      return new Response(bodyOf(first), second)
    case 'Response.json':
      return Response.json(first, second)
    case 'Response.redirect':
      return Response.redirect('https://other.example/to', first)
    case 'cookies':
      return new Response(first, { headers: repeatedFields() })
    case 'pieces':
      return new Response(inPieces(first, turn), { status: second, headers: { 'content-type': 'text/csv' } })
    case 'clone':
      return new Response(bodyOf(first), second).clone()
    case 'of a fetch': {
      const fetched = new Response(bodyOf(first), second)
      return new Response(fetched.body, fetched)
    }
    case 'echo':
      return new Response(request.body, { headers: { 'content-type': request.headers.get('content-type') ?? 'text/plain' } })
    default:
      throw new Error('broken')
  }
}

/** What a route answers unwrapped, and what it does wrapped in each way. */
async function answersOf({ sent, before, work }: Case, send: Send) {
  let seen: unknown[][] = []
  const handler = async (request: Request) => {
    seen = []
    for (const what of work.calls) seen.push([what, await act(request, what).catch(() => FAILED)])
    return respond(request, work.answer)
  }
  const live = createJobs({ onError: () => {} })
  const stored = createJobs({ engine: inProcess({ replay: true }), path: '/stored', onError: () => {} })
  await stored.start()
  const carry = (request: Request & { user?: string }) => ({ user: request.user ?? null })
  const routes: Record<string, Handler> = {
    '/direct': handler,
    '/wrapped-asked': respondAsync(live, { operation: 'asked', when: 'preferred' }, handler),
    '/wrapped-soon': respondAsync(live, { operation: 'soon', when: { afterMs: 20_000 } }, handler),
    '/wrapped-live': respondAsync(live, 'live', handler),
    '/wrapped-stored': respondAsync(stored, { operation: 'stored', carry }, handler),
  }
  const [jobsOfLive, jobsOfStored] = [jobRoutes(live), jobRoutes(stored)]
  const app: Handler = async (request) => {
    const route = routes[new URL(request.url).pathname]
    if (!route) return (await jobsOfLive(request)) ?? (await jobsOfStored(request)) ?? new Response(null, { status: 404 })
    if (before.includes('reads a clone')) await request.clone().text()
    if (before.includes('listens to the signal')) request.signal.addEventListener('abort', () => {})
    if (before.includes('sets user')) Object.assign(request, { user: 'ann' })
    try {
      return await route(request)
    } catch {
      return new Response('broken', { status: 500 })
    }
  }
  const answerAt = async (path: string) => {
    seen = []
    const answer = await send(app, `${path}?q=1`, requestOf(sent))
    const location = answer.headers.get('location')
    if (answer.status !== 202) return answered(answer, seen)
    while ((await send(app, `${location}`, { headers: { prefer: 'wait=20' } })).status === 202);
    return answered(await send(app, `${location}/result`), seen)
  }
  const all: Record<string, Awaited<ReturnType<typeof answered>>> = {}
  for (const path in routes) all[path.replace(/.*[/-]/, '')] = await answerAt(path)
  await Promise.all([live.stop(), stored.stop()])
  return all as Record<'direct' | 'asked' | 'soon' | 'live' | 'stored', Awaited<ReturnType<typeof answered>>>
}

const inProcessSend: Send = async (to, path, init) => to(new Request(`http://localhost${path}`, init))

const nodeSend = (): Promise<Send> => nodeSender((app: Handler, request) => app(request))

it.each([
  ['in process', async () => inProcessSend],
  ['behind @hono/node-server', nodeSend],
])('a result is what the handler would have answered, whatever it does: %s', async (where, sending) => {
  const send = await sending()
  const property = fc.asyncProperty(cases, async (one) => {
    const { direct, asked, ...wrapped } = await answersOf(one, send)
    expect(asked).toEqual(direct)
    for (const [way, result] of Object.entries(wrapped)) {
      if (direct.body === 'broken') {
        expect(result.status, way).toBe(500) // what is thrown is not told
        continue
      }
      // The server cannot send all that can be made.
      if (direct.status === 500 && where !== 'in process') continue
      const got = comparable(result, direct, way !== 'soon')
      // The server has a type of its own for what has none, and loses that of a Blob.
      const isUntyped = where !== 'in process' && [undefined, 'text/plain;charset=UTF-8'].includes(fieldOf(direct, 'content-type'))
      if (isUntyped) expect(without(got, 'content-type'), way).toEqual(without(direct, 'content-type'))
      else expect(got, way).toEqual(direct)
    }
  })
  await fc.assert(property, { numRuns: 50 })
})
