import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Answer, createJobs, inProcess, type Jobs } from '@respond-async/core'
import { AUDIT_SETS, type AuditSet, describeTarget, FEATURES, OWNER_HEADER, REFUSE_HEADER, refusal, release } from '../src/target'
import { captured, handle, headersOf, type NodeSubmission, send, submissionOf } from './node-http'

/** What is wrong with a server: how it misreads a request, or what it sends in place of the answer that would have been right. */
export interface Fault {
  /** Changes the request before anyone sees it. */
  readonly request?: (request: IncomingMessage) => void
  readonly answer?: (answer: Answer, request: IncomingMessage) => Answer | Promise<Answer>
}

/** A correct server with every feature of the audit target, or one with a fault. */
export async function startReference({
  request: misread,
  answer: missent = (answer) => answer,
}: Fault = {}): Promise<{ url: string; close(): Promise<void> }> {
  const sets = Object.values<AuditSet>(AUDIT_SETS).map((set) => ({ set, jobs: jobsOf(set) }))
  for (const { set, jobs } of sets) if (set.stopped) await jobs.stop()

  const answerTo = async (request: IncomingMessage): Promise<Answer> => {
    const { pathname } = new URL(`http://localhost${request.url ?? '/'}`)
    if (pathname === '/audit') return json(describeTarget(FEATURES))
    if (pathname.startsWith('/audit/release/')) {
      release(pathname.slice('/audit/release/'.length))
      return { status: 204, headers: {}, body: null }
    }
    if (pathname.startsWith('/audit/')) return (await wrapped(pathname.slice('/audit/'.length), request)) ?? NOT_FOUND
    for (const { set, jobs } of sets) {
      if (pathname !== set.path && !pathname.startsWith(`${set.path}/`)) continue
      const { method = 'GET', url = '/' } = request
      const match = { native: request, mount: set.path, rest: pathname.slice(set.path.length) }
      return (await jobs.route({ method, url, headers: headersOf(request) }, match)) ?? NOT_FOUND
    }
    return NOT_FOUND
  }
  const wrapped = async (route: string, request: IncomingMessage): Promise<Answer | undefined> => {
    const jobs = sets.find(({ set }) => route in set.routes)?.jobs
    if (!jobs) return undefined
    const { status, body } = refusal()
    if (route === 'validated' && request.headers[REFUSE_HEADER]) return { status, headers: {}, body }
    const submission = submissionOf(request)
    const answer = await jobs.accept(`audit-${route}`, submission)
    if (answer) return answer
    await submission.readBody(1_000_000, true)
    return captured(await handle(route, submission, undefined), Number.POSITIVE_INFINITY)
  }

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    misread?.(request)
    answerTo(request)
      .then((answer) => missent(answer, request))
      .then(
        (answer) => send(response, answer),
        () => response.writeHead(500).end('the server failed'),
      )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // a TCP server that listens has one
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await Promise.all(sets.map(({ jobs }) => jobs.stop({ drainMs: 0 })))
    },
  }
}

function jobsOf(set: AuditSet): Jobs<IncomingMessage> {
  const jobs = createJobs<IncomingMessage>({
    ...set.options,
    path: set.path,
    engine: inProcess(set.engine),
    owner: ({ headers }) => headers[OWNER_HEADER]?.toString(),
    onError: () => {},
  })
  for (const [route, options] of Object.entries(set.routes))
    jobs.define(`audit-${route}`, options, async ({ handle: job, live, maxResultBytes, sink }) =>
      // No remote engine, so there is always a live submission, and it is one of ours.
      captured(await handle(route, live as NodeSubmission, job), maxResultBytes, sink),
    )
  return jobs
}

const NOT_FOUND: Answer = { status: 404, headers: { 'content-type': 'text/plain' }, body: 'not found' }
const json = (value: object): Answer => ({ status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) })
