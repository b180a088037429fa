import type { Audit } from '../audit'
import { begun, equal, hasField, hasStatus, lists, match, ok } from '../expectation'
import type { Reply, StatusDocument } from '../reply'
import type { Asking, AuditJob, Subject } from '../subject'
import type { AuditPlan } from '../target'

interface ServerSentEvent {
  readonly id: string
  readonly name: string
  readonly data: string
}

/** The events of a stream that has been read to its end (HTML Living Standard, 9.2.6), without comments and `retry`. */
function eventsOf({ text }: Reply): ServerSentEvent[] {
  const blocks = text.split(/\r\n\r\n|\n\n|\r\r/)
  const field = (lines: string[], name: string) =>
    lines.flatMap((line) => (line.startsWith(`${name}:`) ? [line.slice(name.length + 1).trim()] : []))
  return blocks.flatMap((block) => {
    const lines = block.split(/\r\n|\n|\r/)
    const data = field(lines, 'data')
    return data.length === 0
      ? []
      : [{ id: field(lines, 'id').at(-1) ?? '', name: field(lines, 'event').at(-1) ?? '', data: data.join('\n') }]
  })
}
const documentOf = ({ data }: ServerSentEvent): StatusDocument => JSON.parse(data)

/** Follows a job to its end; resolves to what was sent at the events URL, or for another request for events. */
async function followed(
  { hold, fetch }: Subject,
  how: { ask?: (job: AuditJob, asking: Asking) => Promise<Reply>; plan?: AuditPlan } = {},
): Promise<{ job: AuditJob; reply: Reply }> {
  const job = await hold(how.plan)
  const { events } = (await job.status()).document().links
  ok(events, 'the document of a running job has no links.events')
  const { ask = (_, asking) => fetch(events, asking) } = how
  const { reply } = await begun((heard) => ask(job, { heard }), 1, 'the first event')
  await job.release()
  return { job, reply: await reply }
}

export const eventAudits: readonly Audit[] = [
  {
    id: 'EVT1',
    level: 'MUST',
    title: 'send the document as it is and whenever it changes, and end the stream after the last one',
    source: 'protocol, Events',
    async run(subject) {
      const { job, reply } = await followed(subject)
      hasStatus(reply, 200)
      const events = eventsOf(reply)
      ok(events.length > 1, `there were ${events.length} events of a job that was running and has ended`)
      equal(documentOf(events[0] as ServerSentEvent).id, job.id, 'id of the document')
      equal(documentOf(events.at(-1) as ServerSentEvent).status, 'succeeded', 'status in the last event')
    },
  },
  {
    id: 'EVT2',
    level: 'MUST',
    title: 'give each event an id that grows, and the name of the state, or progress where the state has not changed',
    source: 'protocol, Events',
    async run(subject) {
      const { reply } = await followed(subject, { plan: { steps: 20, stepMs: 50 } })
      let last = 0
      let state: string | undefined
      for (const event of eventsOf(reply)) {
        match(event.id, /^\d+$/, 'id of an event')
        ok(Number(event.id) > last, `the id ${event.id} comes after ${last}`)
        last = Number(event.id)
        const { status } = documentOf(event)
        equal(event.name, status === state ? 'progress' : status, `name of an event after one of a job that is ${state ?? 'not known'}`)
        state = status
      }
      ok(last > 0, 'there were no events')
    },
  },
  {
    id: 'EVT3',
    level: 'MUST',
    title: 'answer 204 to the Last-Event-ID of the end, so that a browser stops reconnecting',
    source: 'protocol, Events',
    async run(subject) {
      const { job, reply } = await followed(subject)
      const { id = '' } = eventsOf(reply).at(-1) ?? {}
      const again = await subject.fetch(`${job.statusUrl}/events`, { headers: { 'last-event-id': id } })
      hasStatus(again, 204)
      const before = await subject.fetch(`${job.statusUrl}/events`, { headers: { 'last-event-id': '1' } })
      hasStatus(before, 200)
      equal(documentOf(eventsOf(before).at(-1) as ServerSentEvent).status, 'succeeded', 'status in the event')
    },
  },
  {
    id: 'EVT4',
    level: 'MUST',
    title: 'send the same events at the status URL to Accept: text/event-stream',
    source: 'protocol, Events',
    async run(subject) {
      const { reply } = await followed(subject, {
        ask: (job, asking) => job.status({ ...asking, headers: { accept: 'text/event-stream' } }),
      })
      hasStatus(reply, 200)
      equal(documentOf(eventsOf(reply).at(-1) as ServerSentEvent).status, 'succeeded', 'status in the last event')
    },
  },
  {
    id: 'EVT5',
    level: 'MUST',
    title: 'tell caches and buffering proxies to leave the events alone',
    source: 'protocol, Events',
    async run(subject) {
      const { reply } = await followed(subject)
      match(reply.headers.get('content-type'), /^text\/event-stream\b/, 'Content-Type')
      lists(reply, 'cache-control', 'no-store')
      hasField(reply, 'x-accel-buffering', 'no')
      match(reply.text, /^retry: ?\d+$/m, 'the stream')
    },
  },
]
