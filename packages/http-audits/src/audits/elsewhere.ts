import type { Audit } from '../audit'
import { equal, fieldsOf, hasField, hasStatus, isProblem } from '../expectation'

/** Audits of servers that answer the status of a finished job with the handler's response, or redirect to it. */
export const elsewhereAudits: readonly Audit[] = [
  {
    id: 'POL14',
    level: 'MUST',
    title: 'redirect with 303 from the status of a succeeded job to its result, where that is configured',
    source: 'RFC 9110 15.4.4',
    needs: ['redirect', 'release'],
    async run({ hold, fetch }) {
      const job = await hold({ respond: { headers: [['x-report', 'yes']], text: 'done' } }, { route: 'redirect' })
      hasStatus(await job.status(), 202)
      await job.release()
      const reply = await untilNot(202, job.status)
      hasStatus(reply, 303)
      const result = await fetch(reply.headers.get('location') ?? '')
      equal(result.text, 'done', 'the body where Location points')
      hasField(result, 'x-report', 'yes')
    },
  },
  {
    id: 'POL15',
    level: 'MUST',
    title: 'answer the status of a succeeded job with the captured response itself, where that is configured',
    source: 'protocol, Status',
    needs: ['inline', 'release'],
    async run({ hold }) {
      const job = await hold({ respond: { status: 201, headers: [['x-report', 'yes']], text: 'done' } }, { route: 'inline' })
      hasStatus(await job.status(), 202)
      await job.release()
      const reply = await untilNot(202, job.status)
      hasStatus(reply, 201)
      equal(reply.text, 'done', 'the body')
      equal(
        fieldsOf(reply, 'content-length', 'accept-ranges'),
        fieldsOf(await job.result(), 'content-length', 'accept-ranges'),
        'the header',
      )
    },
  },
  {
    id: 'POL16',
    level: 'MUST',
    title:
      'answer the status of a failed job with its captured response or its problem, where redirects or captured responses are configured',
    source: 'protocol, Status',
    needs: ['redirect'],
    async run({ submit, has }) {
      for (const route of elsewhere(has)) {
        const answered = await submit({ respond: { status: 418, text: 'short and stout' } }, { route })
        const reply = await untilNot(202, answered.status)
        hasStatus(reply, 418)
        equal(reply.text, 'short and stout', 'the body')
        const threw = await submit({ throw: { message: 'boom' } }, { route })
        isProblem(await untilNot(202, threw.status), 500, 'handler_failed')
      }
    },
  },
  {
    id: 'POL17',
    level: 'MUST',
    title: 'answer 409 for the status of a canceled job, where redirects or captured responses are configured',
    source: 'RFC 9110 15.5.10',
    needs: ['redirect'],
    async run({ hold, has }) {
      for (const route of elsewhere(has)) {
        const job = await hold({}, { route })
        await job.cancel()
        isProblem(await untilNot(202, job.status), 409, 'job-canceled')
      }
    },
  },
]

/** The routes whose finished jobs are not shown by a status document. */
const elsewhere = (has: Parameters<Audit['run']>[0]['has']) => (has('inline') ? (['redirect', 'inline'] as const) : (['redirect'] as const))

/** Polls until the status code changes: for servers whose finished jobs have no document. */
async function untilNot(status: number, ask: () => ReturnType<Parameters<Audit['run']>[0]['fetch']>) {
  for (;;) {
    const reply = await ask()
    if (reply.status !== status) return reply
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
