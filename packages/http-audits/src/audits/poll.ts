import type { Audit } from '../audit'
import { equal, hasField, hasNoField, hasStatus, isEmpty, lists, match, ok, retryAfterOf } from '../expectation'
import { isOver } from '../subject'
import { elsewhereAudits } from './elsewhere'

export const pollAudits: readonly Audit[] = [
  {
    id: 'POL1',
    level: 'MUST',
    title: 'answer 202 while the job is unfinished and 200 once it has finished',
    source: 'protocol, Status',
    needs: ['release'],
    async run({ hold }) {
      const job = await hold()
      hasStatus(await job.status(), 202)
      await job.release()
      hasStatus(await job.finished(), 200)
    },
  },
  {
    id: 'POL2',
    level: 'MUST',
    title: 'send Location, Content-Location and Retry-After with the status of an unfinished job',
    source: 'RFC 9110 10.2.3',
    async run({ hold }) {
      const job = await hold()
      const reply = await job.status()
      hasField(reply, 'location', job.statusUrl)
      hasField(reply, 'content-location', job.statusUrl)
      retryAfterOf(reply)
    },
  },
  {
    id: 'POL3',
    level: 'MUST',
    title: 'answer 304 to a poll whose If-None-Match still matches, finished or not',
    source: 'RFC 9110 13.1.2',
    async run({ hold, submit }) {
      const done = await submit()
      await done.finished()
      for (const job of [await hold(), done]) {
        const etag = (await job.status()).headers.get('etag')
        ok(etag, 'the status has no ETag')
        const again = await job.status({ headers: { 'if-none-match': etag } })
        hasStatus(again, 304)
        equal(again.bytes.length, 0, 'body size of the 304')
      }
    },
  },
  {
    id: 'POL4',
    level: 'MUST',
    title: 'repeat in the 304 the fields of the 200 or 202: ETag, Vary, Cache-Control, Content-Location, and Retry-After while unfinished',
    source: 'RFC 9110 15.4.5',
    async run({ hold, submit }) {
      const done = await submit()
      await done.finished()
      for (const job of [await hold(), done]) {
        const whole = await job.status()
        const unchanged = await job.status({ headers: { 'if-none-match': whole.headers.get('etag') ?? '' } })
        hasStatus(unchanged, 304)
        hasNoField(unchanged, 'content-type')
        for (const name of ['etag', 'vary', 'cache-control', 'content-location', 'location', 'sunset'])
          equal(unchanged.headers.get(name), whole.headers.get(name), `${name} of the 304`)
        if (whole.headers.has('retry-after')) retryAfterOf(unchanged)
      }
    },
  },
  {
    id: 'POL5',
    level: 'MUST',
    title: 'send the status with Cache-Control: private, no-cache',
    source: 'RFC 9111 5.2.2',
    async run({ hold, submit }) {
      lists(await (await hold()).status(), 'cache-control', 'private', 'no-cache')
      lists(await (await submit()).finished(), 'cache-control', 'private', 'no-cache')
    },
  },
  {
    id: 'POL6',
    level: 'MUST',
    title: 'send the status with Vary: Prefer, Accept',
    source: 'RFC 9110 12.5.5',
    async run({ hold, submit }) {
      lists(await (await hold()).status(), 'vary', 'Prefer', 'Accept')
      lists(await (await submit()).finished(), 'vary', 'Prefer', 'Accept')
    },
  },
  {
    id: 'POL7',
    level: 'MUST',
    title: 'send an ETag with the status, and a different one once the job has changed',
    source: 'RFC 9110 8.8.3',
    async run({ hold }) {
      const job = await hold()
      const before = await job.status()
      match(before.headers.get('etag'), /^(?:W\/)?"[\x21\x23-\x7e]*"$/, 'ETag')
      await job.status({ method: 'DELETE' })
      const after = await job.finished()
      match(after.headers.get('etag'), /^(?:W\/)?"[\x21\x23-\x7e]*"$/, 'ETag')
      ok(after.headers.get('etag') !== before.headers.get('etag'), 'the ETag of a running job is that of the canceled one')
    },
  },
  {
    id: 'POL8',
    level: 'MUST',
    title: 'compare If-None-Match as a list and weakly, take * as any, and send the document when nothing matches',
    source: 'RFC 9110 13.1.2',
    async run({ submit }) {
      const job = await submit()
      const etag = (await job.finished()).headers.get('etag') ?? ''
      const strong = etag.replace(/^W\//, '')
      for (const field of [`"x", ${etag}`, strong, `W/${strong}`, '*'])
        hasStatus(await job.status({ headers: { 'if-none-match': field } }), 304)
      for (const field of ['"x"', 'W/"x", "y"']) hasStatus(await job.status({ headers: { 'if-none-match': field } }), 200)
    },
  },
  {
    id: 'POL9',
    level: 'MUST',
    title: 'answer 200 with the document when the job has succeeded, with Sunset and without Retry-After',
    source: 'RFC 8594',
    async run({ submit }) {
      const reply = await (await submit()).finished()
      hasStatus(reply, 200)
      equal(reply.document().status, 'succeeded', 'status')
      const sunset = reply.headers.get('sunset')
      equal(sunset !== null && new Date(sunset).toUTCString(), sunset, 'Sunset as an HTTP date')
      hasNoField(reply, 'retry-after')
    },
  },
  {
    id: 'POL10',
    level: 'MUST',
    title: 'answer 200 with the document, including the error, when the job has failed',
    source: 'protocol, Status',
    async run({ submit }) {
      const reply = await (await submit({ throw: { message: 'boom' } })).finished()
      hasStatus(reply, 200)
      equal(reply.document().status, 'failed', 'status')
      ok(reply.document().error, 'the document has no error')
      hasNoField(reply, 'retry-after')
    },
  },
  {
    id: 'POL11',
    level: 'MUST',
    title: 'answer 200 with the document when the job was canceled',
    source: 'protocol, Status',
    async run({ hold }) {
      const job = await hold()
      await job.cancel()
      const reply = await job.finished()
      hasStatus(reply, 200)
      equal(reply.document().status, 'canceled', 'status')
      hasNoField(reply, 'retry-after')
    },
  },
  {
    id: 'POL12',
    level: 'MUST',
    title: 'send the status as application/json',
    source: 'RFC 8259 11',
    async run({ hold, submit }) {
      for (const reply of [await (await hold()).status(), await (await submit()).finished()])
        match(reply.headers.get('content-type'), /^application\/json(?:;|$)/, `Content-Type of ${reply.asked}`)
    },
  },
  {
    id: 'POL13',
    level: 'MUST',
    title: 'answer 200 for an unfinished job where that is configured',
    source: 'protocol, Status',
    needs: ['pending-200'],
    async run({ hold }) {
      const job = await hold({}, { route: 'pending' })
      const reply = await job.status()
      hasStatus(reply, 200)
      equal(reply.document().status, 'running', 'status')
      retryAfterOf(reply)
    },
  },
  ...elsewhereAudits,
  {
    id: 'POL18',
    level: 'SHOULD',
    title: 'base Retry-After on when the job will probably finish, where that is known',
    source: 'RFC 9110 10.2.3',
    needs: ['estimate'],
    async run({ hold }) {
      const seconds = retryAfterOf(await (await hold({}, { route: 'estimated' })).status())
      ok(seconds > 5 && seconds <= 40, `Retry-After is ${seconds} for a job that takes 30 s`)
    },
  },
  {
    id: 'POL19',
    level: 'MUST',
    title: 'advise a pause of 1 to 60 s between polls',
    source: 'protocol, Pacing',
    async run({ hold, submit }) {
      for (const reply of [(await submit()).accepted, await (await hold()).status()])
        ok(retryAfterOf(reply) <= 60, 'Retry-After is above 60')
    },
  },
  {
    id: 'POL20',
    level: 'MUST',
    title: 'send both a body and a Content-Type, or neither, with every answer about a job',
    source: 'protocol, Status',
    async run({ submit, hold }) {
      const held = await hold()
      const done = await submit({ respond: { status: 204 } })
      const etag = (await held.status()).headers.get('etag') ?? ''
      await done.finished()
      isEmpty(await held.status({ headers: { 'if-none-match': etag } }))
      for (const reply of [await held.status(), await held.result(), await held.cancel(), await done.status()]) {
        ok(reply.bytes.length > 0, `${reply.asked} (${reply.status}) has no body`)
        ok(reply.headers.has('content-type'), `${reply.asked} (${reply.status}) has no Content-Type`)
      }
      isEmpty(await done.result())
      isEmpty(await done.status({ method: 'DELETE' }))
      equal(isOver((await held.finished()).document()), true, 'being over')
    },
  },
]
