import type { Audit } from '../audit'
import { begun, equal, hasField, hasNoField, hasStatus, isProblem, lists, match, ok, retryAfterOf } from '../expectation'
import type { Reply } from '../reply'
import type { AuditJob, Subject } from '../subject'
import type { PlannedAnswer } from '../target'

const needs = ['stream'] as const
const BEGUN = 'begun, \u00e4nd '
const REST = 'gone on with'
const TEXT = BEGUN + REST
const PLAIN = { status: 203, headers: [['content-type', 'text/plain']], text: BEGUN } as const
const HERE = { ...PLAIN, status: 200 } as const

interface Writing {
  readonly job: AuditJob
  /** URL of its live response, which has begun. */
  readonly stream: string
  release(): Promise<void>
}

/** A job whose handler has begun to respond, and continues when it is released. */
async function writing({ submit, token }: Subject, answer: PlannedAnswer, rest: { text?: string; throw?: string }): Promise<Writing> {
  const gate = token()
  const job = await submit({ respond: { ...answer, rest: { hold: gate.token, ...rest } } })
  const reply = await job.until(({ links }) => links.stream !== undefined, 'offered its response while it is written')
  return { job, stream: reply.document().links.stream ?? '', release: gate.release }
}

/** Reads the stream to its end, which comes after the handler is released. */
async function read(subject: Subject, { stream, release }: Writing, headers: Record<string, string> = {}): Promise<Reply> {
  const reply = subject.fetch(stream, { headers })
  const held = await Promise.race([reply.then(() => 'whole'), subject.fetch(stream, { method: 'HEAD' }).then(() => 'held')])
  equal(held, 'held', 'the stream of a response that is not whole')
  await release()
  return reply
}

/** Reads the stream of {@link BEGUN}, and releases the handler once all that it has written so far has come. */
async function readAsWritten({ fetch }: Subject, { stream, release }: Writing): Promise<Reply> {
  const size = new TextEncoder().encode(BEGUN).length
  const { reply } = await begun((heard) => fetch(stream, { heard }), size, 'what the handler has written so far')
  await release()
  return reply
}

/** The reply to HEAD while the response is being written. */
async function headOf(subject: Subject, answer: PlannedAnswer): Promise<Reply> {
  const { stream, release } = await writing(subject, answer, { text: REST })
  const reply = await subject.fetch(stream, { method: 'HEAD' })
  await release()
  return reply
}

export const liveAudits: readonly Audit[] = [
  {
    id: 'LIV1',
    level: 'MUST',
    title: 'send the status and header of a response that is still being written, the body so far, and the rest as it comes',
    source: 'protocol, Live results',
    needs,
    async run(subject) {
      const reply = await readAsWritten(subject, await writing(subject, PLAIN, { text: REST }))
      hasStatus(reply, 203)
      equal(reply.text, TEXT, 'the body')
      ok(reply.headers.get('content-type')?.startsWith('text/plain'), 'the stream has another Content-Type than the handler gave it')
    },
  },
  {
    id: 'LIV2',
    level: 'MUST',
    title: 'answer 404 with Retry-After at the stream URL before the response has begun',
    source: 'protocol, Live results',
    needs,
    async run({ hold, fetch }) {
      const job = await hold()
      const reply = await fetch(`${job.statusUrl}/stream`)
      isProblem(reply, 404, 'result-not-ready')
      retryAfterOf(reply)
    },
  },
  {
    id: 'LIV3',
    level: 'MUST',
    title:
      'answer an open range of a response that is still being written with 206 and a very large last byte, once its first byte is there',
    source: 'RFC 8673 2.2',
    needs,
    async run(subject) {
      const begun = await writing(subject, HERE, { text: REST })
      const { stream } = begun
      const etag = (await subject.fetch(stream, { method: 'HEAD' })).headers.get('etag')
      ok(etag && !etag.startsWith('W/'), 'the stream has no strong ETag, so a client cannot know that it goes on with the same bytes')
      const there = await subject.fetch(stream, { headers: { range: 'bytes=2-5', 'if-range': etag } })
      hasStatus(there, 206)
      hasField(there, 'content-range', 'bytes 2-5/*')
      equal(there.text, BEGUN.slice(2, 6), 'the body of bytes=2-5')
      const far = subject.fetch(stream, { headers: { range: 'bytes=15-', 'if-range': etag } })
      const other = subject.fetch(stream, { headers: { range: 'bytes=3-', 'if-range': '"another"' } })
      const reply = await read(subject, begun, { range: 'bytes=8-', 'if-range': etag })
      const bytes = new TextEncoder().encode(TEXT)
      for (const [part, first] of [
        [reply, 8],
        [await far, 15],
      ] as const) {
        hasStatus(part, 206)
        // On a slow network the request may arrive when the response is complete already.
        match(part.headers.get('content-range'), new RegExp(`^bytes ${first}-(?:9007199254740991/\\*|23/24)$`), 'Content-Range')
        equal(part.bytes.join(), bytes.subarray(first).join(), `the bytes from ${first} on`)
      }
      const whole = await other
      hasStatus(whole, 200)
      equal(whole.text, TEXT, 'the body for an If-Range that does not match')
    },
  },
  {
    id: 'LIV4',
    level: 'MUST',
    title: 'answer the same URL with the result, its ranges and the same ETag once the response is complete',
    source: 'protocol, Live results',
    needs,
    async run(subject) {
      const begun = await writing(subject, HERE, { text: REST })
      const etag = (await read(subject, begun)).headers.get('etag') ?? ''
      await begun.job.finished()
      const whole = await subject.fetch(begun.stream)
      hasStatus(whole, 200)
      equal(whole.text, TEXT, 'the body')
      const reply = await subject.fetch(begun.stream, { headers: { range: 'bytes=15-', 'if-range': etag } })
      hasStatus(reply, 206)
      equal(reply.text, TEXT.slice(14), 'the body of bytes=15-')
      isProblem(await subject.fetch(begun.stream, { headers: { range: 'bytes=999-' } }), 416, 'range-not-satisfiable')
    },
  },
  {
    id: 'LIV5',
    level: 'MUST',
    title: 'break the connection when the handler fails after its head, so that nobody takes the response for complete',
    source: 'protocol, Live results',
    needs,
    async run(subject) {
      const begun = await writing(subject, HERE, { throw: 'failed as planned' })
      const whole = await read(subject, begun).catch(() => undefined)
      ok(!whole || whole.status >= 400, 'the stream of a response that broke off ended in order')
      equal((await begun.job.finished()).document().status, 'failed', 'status')
    },
  },
  {
    id: 'LIV6',
    level: 'MUST',
    title: 'tell caches and buffering proxies to leave alone a response that is still being written',
    source: 'protocol, Live results',
    needs,
    async run(subject) {
      const reply = await headOf(subject, HERE)
      lists(reply, 'cache-control', 'private', 'no-store', 'no-transform')
      hasField(reply, 'x-accel-buffering', 'no')
      hasField(reply, 'accept-ranges', 'bytes')
    },
  },
  {
    id: 'LIV7',
    level: 'MUST',
    title: 'continue an event stream after the event named in Last-Event-ID, and answer 204 once nothing follows',
    source: 'protocol, Live results',
    needs,
    async run(subject) {
      const events = { headers: [['content-type', 'text/event-stream']], text: 'id: 1\ndata: a\n\nid: 2\ndata: b\n\n' } as const
      const third = 'id: 3\ndata: c\n\n: the end\n\n'
      const begun = await writing(subject, events, { text: third })
      const reply = await read(subject, begun, { 'last-event-id': '1' })
      hasStatus(reply, 200)
      equal(reply.text, `id: 2\ndata: b\n\n${third}`, 'the events after the first')
      await begun.job.finished()
      equal((await subject.fetch(begun.stream, { headers: { 'last-event-id': '2' } })).text, third, 'the events after the second')
      hasStatus(await subject.fetch(begun.stream, { headers: { 'last-event-id': '3' } }), 204)
    },
  },
  {
    id: 'LIV8',
    level: 'MUST',
    title: 'answer HEAD without Content-Length while the length is not known',
    source: 'RFC 9110 8.6',
    needs,
    async run(subject) {
      hasNoField(await headOf(subject, PLAIN), 'content-length')
    },
  },
  {
    id: 'LIV9',
    level: 'MUST',
    title: 'send to its end a response that the handler writes faster than the connection takes it',
    source: 'protocol, Live results',
    needs,
    async run(subject) {
      const text = 'more than fits between two sockets, '.repeat(60_000)
      const reply = await read(subject, await writing(subject, HERE, { text }))
      equal(reply.text.length, BEGUN.length + text.length, 'the length of the body')
      ok(reply.text === BEGUN + text, 'the body has other text than the handler wrote')
    },
  },
]
