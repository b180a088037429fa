import type { Audit } from '../audit'
import { equal, ok } from '../expectation'

export const errorAudits: readonly Audit[] = [
  {
    id: 'DOC13',
    level: 'MUST',
    title: 'show the error of a failed job with the members of RFC 9457 and with code and message',
    source: 'RFC 9457 3.1',
    async run({ submit }) {
      for (const plan of [{ throw: { message: 'boom' } }, { respond: { status: 409, text: 'taken' } }]) {
        const { error } = (await (await submit(plan)).finished()).document()
        for (const member of ['type', 'title', 'detail', 'code', 'message'] as const)
          ok(typeof error?.[member] === 'string' && error[member] !== '', `${member} of the error is ${error?.[member]}`)
        ok(Number.isInteger(error?.status), `status of the error is ${error?.status}`)
      }
    },
  },
  {
    id: 'DOC14',
    level: 'MUST',
    title: 'reveal nothing of an unexpected error',
    source: 'RFC 9457 5',
    async run({ submit }) {
      const secret = `password-${crypto.randomUUID()}`
      const job = await submit({ throw: { message: secret, status: 418, code: secret } })
      const shown = await job.finished()
      equal(shown.document().error?.code, 'handler_failed', 'code of the error')
      equal(shown.document().error?.status, 500, 'status of the error')
      for (const reply of [shown, await job.result()]) ok(!reply.text.includes(secret), `${reply.asked} shows the message of the error`)
    },
  },
  {
    id: 'DOC15',
    level: 'MUST',
    title: 'show message, status and code of an error that says it may be shown',
    source: 'protocol, Errors',
    async run({ submit }) {
      const job = await submit({ throw: { message: 'no such month', expose: true, status: 418, code: 'no_month' } })
      const { error } = (await job.finished()).document()
      equal(error?.message, 'no such month', 'message of the error')
      equal(error?.status, 418, 'status of the error')
      equal(error?.code, 'no_month', 'code of the error')
    },
  },
  {
    id: 'DOC18',
    level: 'MUST',
    title: 'fail a job that runs too long, with code timeout',
    source: 'protocol, Errors',
    needs: ['time-limit'],
    async run({ submit, token }) {
      const job = await submit({ hold: token().token, onAbort: 'ignore' }, { route: 'limited' })
      const { status, error } = (await job.finished()).document()
      equal(status, 'failed', 'status')
      equal(error?.code, 'timeout', 'code of the error')
    },
  },
  {
    id: 'DOC19',
    level: 'MUST',
    title: 'fail a job whose result is too large, with code result_too_large, and truncate nothing',
    source: 'protocol, Errors',
    needs: ['result-limit'],
    async run({ submit }) {
      const size = async (bytes: number) =>
        (await (await submit({ respond: { text: 'x'.repeat(bytes) } }, { route: 'bounded' })).finished()).document()
      const { status, error } = await size(1_025)
      equal(status, 'failed', 'status')
      equal(error?.code, 'result_too_large', 'code of the error')
      equal((await size(1_024)).status, 'succeeded', 'status of a job at the limit')
    },
  },
  {
    id: 'DOC20',
    level: 'MUST',
    title: 'mark a job whose handler answered with 400 or more as failed, with code error_response',
    source: 'protocol, Errors',
    async run({ submit }) {
      for (const status of [400, 503]) {
        const document = (await (await submit({ respond: { status, text: 'no' } })).finished()).document()
        equal(document.status, 'failed', `status after a ${status}`)
        equal(document.error?.code, 'error_response', 'code of the error')
        equal(document.error?.status, status, 'status of the error')
      }
    },
  },
]
