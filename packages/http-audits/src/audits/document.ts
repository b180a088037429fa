import type { Audit } from '../audit'
import { equal, hasStatus, match, ok, retryAfterOf } from '../expectation'
import type { StatusDocument } from '../reply'
import { isOver } from '../subject'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const TIMES = [
  'createdAt',
  'lastUpdatedAt',
  'scheduledAt',
  'startedAt',
  'finishedAt',
  'expiresAt',
  'estimatedFinishAt',
  'cancelRequestedAt',
]

export const documentAudits: readonly Audit[] = [
  {
    id: 'DOC1',
    level: 'MUST',
    title: 'include id, operation, status, createdAt, lastUpdatedAt and links.self in every status document',
    source: 'protocol, Status document',
    async run(subject) {
      for (const document of await everyKind(subject)) {
        for (const member of ['id', 'operation', 'status', 'createdAt', 'lastUpdatedAt'])
          equal(typeof document[member], 'string', `type of ${member} of a ${document.status} job`)
        equal(typeof document.links?.self, 'string', `type of links.self of a ${document.status} job`)
      }
    },
  },
  {
    id: 'DOC2',
    level: 'MUST',
    title: 'use ids that cannot be guessed: lowercase UUIDs of version 4',
    source: 'RFC 9562 5.4',
    async run({ submit }) {
      match((await submit()).accepted.document().id, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/, 'id')
    },
  },
  {
    id: 'DOC3',
    level: 'MUST',
    title: 'write times as RFC 3339 in UTC with milliseconds',
    source: 'RFC 3339 5.6',
    async run(subject) {
      for (const document of await everyKind(subject))
        for (const member of TIMES)
          if (document[member] !== undefined) match(document[member], TIME, `${member} of a ${document.status} job`)
    },
  },
  {
    id: 'DOC4',
    level: 'MUST',
    title: 'leave out absent members instead of sending null',
    source: 'protocol, Status document',
    async run(subject) {
      for (const { result: _, ...document } of await everyKind(subject))
        for (const [member, value] of [
          ...Object.entries(document),
          ...Object.entries(document.links),
          ...Object.entries(document.error ?? {}),
        ])
          ok(value !== null, `${member} of a ${document.status} job is null`)
    },
  },
  {
    id: 'DOC5',
    level: 'MUST',
    title: 'use only the words queued, running, succeeded, failed and canceled as the status',
    source: 'protocol, Status document',
    async run(subject) {
      const words = (await everyKind(subject)).map(({ status }) => status)
      equal(
        words.join(),
        'running,succeeded,failed,failed,canceled',
        'the words for a running, successful, thrown, erroneous and canceled job',
      )
    },
  },
  {
    id: 'DOC6',
    level: 'MUST',
    title: 'show progress as a number from 0 to 100 that never falls, and the last message that was reported',
    source: 'protocol, Status document',
    async run({ hold, submit }) {
      const held = await hold({
        progress: [
          [60, 'first'],
          [20, 'then'],
        ],
      })
      const reported = (await held.until(({ message }) => message === 'then', 'shown its last message')).document()
      equal(reported.percentComplete, 60, 'percentComplete after reports of 60 and 20')
      const { status } = await submit({ steps: 40, stepMs: 5 })
      for (let before = 0, over = false; !over; ) {
        const document = (await status()).document()
        const { percentComplete = before } = document
        ok(typeof percentComplete === 'number' && percentComplete >= 0 && percentComplete <= 100, `percentComplete is ${percentComplete}`)
        ok(percentComplete >= before, `percentComplete fell from ${before} to ${percentComplete}`)
        before = percentComplete
        over = isOver(document)
      }
    },
  },
  {
    id: 'DOC7',
    level: 'MUST',
    title: 'show startedAt once the job has started, finishedAt and expiresAt once it has finished, and none of them earlier',
    source: 'protocol, Status document',
    async run(subject) {
      for (const { status, startedAt, finishedAt, expiresAt } of await everyKind(subject)) {
        ok(startedAt !== undefined, `a ${status} job has no startedAt`)
        equal(finishedAt !== undefined, status !== 'running', `finishedAt of a ${status} job being there`)
        equal(expiresAt !== undefined, status !== 'running', `expiresAt of a ${status} job being there`)
      }
    },
  },
  {
    id: 'DOC8',
    level: 'MUST',
    title: 'show scheduledAt, and no startedAt, for a job that was asked to start later',
    source: 'protocol, Status document',
    needs: ['delayed'],
    async run({ submit }) {
      const job = await submit({}, { route: 'delayed' })
      const { status, scheduledAt, startedAt } = (await job.status()).document()
      equal(status, 'queued', 'status')
      match(scheduledAt, TIME, 'scheduledAt')
      equal(startedAt, undefined, 'startedAt')
    },
  },
  {
    id: 'DOC9',
    level: 'MUST',
    title: 'show attempt from the second attempt on, and only then',
    source: 'protocol, Status document',
    needs: ['retries'],
    async run({ submit }) {
      const again = (await (await submit({ failAttempts: 1 }, { route: 'retried' })).finished()).document()
      equal(again.status, 'succeeded', 'status of a job whose second attempt succeeds')
      equal(again.attempt, 2, 'attempt')
      equal((await (await submit({}, { route: 'retried' })).finished()).document().attempt, undefined, 'attempt of a job with one')
    },
  },
  {
    id: 'DOC10',
    level: 'MUST',
    title: 'show retryAfterMs, an integer that agrees with Retry-After, while the job is unfinished, and only then',
    source: 'protocol, Pacing',
    async run({ hold, submit }) {
      const running = await (await hold()).status()
      const { retryAfterMs } = running.document()
      ok(Number.isInteger(retryAfterMs), `retryAfterMs is ${retryAfterMs}`)
      equal(Math.max(1, Math.ceil(Number(retryAfterMs) / 1000)), retryAfterOf(running), 'retryAfterMs in seconds')
      equal((await (await submit()).finished()).document().retryAfterMs, undefined, 'retryAfterMs of a finished job')
    },
  },
  {
    id: 'DOC11',
    level: 'MUST',
    title: 'show a small JSON result as result, and no other kind of result',
    source: 'protocol, Status document',
    async run({ submit }) {
      const headers = [['content-type', 'application/json']] as const
      const shown = async (text: string, fields: readonly (readonly [string, string])[] = headers) =>
        (await (await submit({ respond: { headers: fields, text } })).finished()).document()
      equal(JSON.stringify((await shown('{"month":"May","rows":[1,2.5,null]}')).result), '{"month":"May","rows":[1,2.5,null]}', 'result')
      equal((await shown('null')).result, null, 'result')
      for (const document of [await shown('text', [['content-type', 'text/plain']]), await shown(JSON.stringify('x'.repeat(65_536)))])
        equal('result' in document, false, 'a result of another type, or above 64 KiB, in the document')
    },
  },
  {
    id: 'DOC12',
    level: 'MUST',
    title: 'show in resourceLocation the result URL, or the Location that the handler sent with 201 or 303',
    source: 'RFC 9110 15.3.2, 15.4.4',
    async run({ submit }) {
      const plain = (await (await submit()).finished()).document()
      equal(plain.resourceLocation, plain.links.result, 'resourceLocation')
      for (const status of [201, 303]) {
        const job = await submit({ respond: { status, headers: [['location', '/reports/7']] } })
        equal((await job.finished()).document().resourceLocation, '/reports/7', `resourceLocation after a ${status} with Location`)
      }
    },
  },
  {
    id: 'DOC16',
    level: 'MUST',
    title: 'show exactly the links that can be used now',
    source: 'protocol, Links',
    async run({ hold, submit, fetch, has, token }) {
      if (has('stream')) {
        const gate = token()
        const writing = await submit({ respond: { text: 'begun', rest: { hold: gate.token } } })
        const reply = await writing.until(({ links }) => links.stream !== undefined, 'offered its response while it is written')
        equal(Object.keys(reply.document().links).sort().join(), 'cancel,events,self,stream', 'links of a job that has begun to answer')
        await gate.release()
        equal(
          Object.keys((await writing.finished()).document().links)
            .sort()
            .join(),
          'result,self',
          'links of a job that has answered',
        )
      }
      const held = await hold()
      const links = (await held.status()).document().links
      equal(Object.keys(links).sort().join(), 'cancel,events,self', 'links of a running job')
      const done = await submit()
      const after = (await done.finished()).document().links
      equal(Object.keys(after).sort().join(), 'result,self', 'links of a job that has succeeded')
      hasStatus(await fetch(after.self), 200)
      hasStatus(await fetch(after.result ?? ''), 200)
      hasStatus(await fetch(links.cancel ?? '', { method: 'POST' }), 200, 202)
      equal(Object.keys((await held.finished()).document().links).join(), 'self', 'links of a canceled job')
    },
  },
  {
    id: 'DOC17',
    level: 'MUST',
    title: 'show estimatedFinishAt while the job runs if there is an estimate, and only then',
    source: 'protocol, Pacing',
    needs: ['estimate'],
    async run({ hold }) {
      const job = await hold({}, { route: 'estimated' })
      const { estimatedFinishAt, startedAt } = (await job.status()).document()
      equal(Date.parse(String(estimatedFinishAt)) - Date.parse(String(startedAt)), 30_000, 'time from startedAt to estimatedFinishAt')
      await job.cancel()
      equal((await job.finished()).document().estimatedFinishAt, undefined, 'estimatedFinishAt of a finished job')
    },
  },
]

/** Documents of a job that runs, and of jobs that have succeeded, thrown, answered with an error and been canceled. */
async function everyKind({ hold, submit }: Parameters<Audit['run']>[0]): Promise<StatusDocument[]> {
  const running = await hold()
  const canceled = await hold()
  await canceled.cancel()
  const plans = [{ steps: 2, stepMs: 1 }, { throw: { message: 'boom' } }, { respond: { status: 400, text: 'no' } }]
  const ended = await Promise.all(plans.map(async (plan) => (await submit(plan)).finished()))
  return [await running.status(), ...ended, await canceled.finished()].map((reply) => reply.document())
}
