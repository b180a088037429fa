import type { Audit } from '../audit'
import { equal, hasStatus, isProblem, ok } from '../expectation'
import type { AuditJob, Subject } from '../subject'

const deleted = (job: AuditJob) => job.status({ method: 'DELETE' })

/** Cancels a running job by one of the two ways, and resolves to its last document. */
async function canceled({ hold }: Subject, ask: (job: AuditJob) => ReturnType<typeof deleted>): Promise<void> {
  const job = await hold()
  const reply = await ask(job)
  hasStatus(reply, 200, 202)
  const document = reply.document()
  if (reply.status === 200) equal(document.status, 'canceled', 'status in the 200')
  else ok(document.cancelRequestedAt, 'the 202 to the cancellation has no cancelRequestedAt')
  equal((await job.finished()).document().status, 'canceled', 'status')
}

export const cancelAudits: readonly Audit[] = [
  {
    id: 'CAN1',
    level: 'MUST',
    title: 'cancel a queued job at once: 200 with its document, after DELETE and after POST to cancel',
    source: 'protocol, Cancellation',
    needs: ['delayed'],
    async run({ submit }) {
      for (const ask of [deleted, (job: AuditJob) => job.cancel()]) {
        const job = await submit({}, { route: 'delayed' })
        const reply = await ask(job)
        hasStatus(reply, 200)
        equal(reply.document().status, 'canceled', 'status')
        equal((await job.status()).document().status, 'canceled', 'status')
      }
    },
  },
  {
    id: 'CAN2',
    level: 'MUST',
    title: 'cancel a running job on DELETE: 200 if it is canceled by then, otherwise 202 with cancelRequestedAt, and canceled later',
    source: 'protocol, Cancellation',
    run: (subject) => canceled(subject, deleted),
  },
  {
    id: 'CAN3',
    level: 'MUST',
    title: 'cancel a running job on POST to cancel in the same way',
    source: 'protocol, Cancellation',
    run: (subject) => canceled(subject, (job) => job.cancel()),
  },
  {
    id: 'CAN4',
    level: 'MUST',
    title: 'answer 200 to POST cancel of a job that is already canceled',
    source: 'protocol, Cancellation',
    async run({ hold }) {
      const job = await hold()
      await job.cancel()
      await job.finished()
      const again = await job.cancel()
      hasStatus(again, 200)
      equal(again.document().status, 'canceled', 'status')
    },
  },
  {
    id: 'CAN5',
    level: 'MUST',
    title: 'answer 409 to POST cancel of a job that has finished otherwise',
    source: 'RFC 9110 15.5.10',
    async run({ submit }) {
      for (const plan of [{}, { throw: { message: 'boom' } }]) {
        const job = await submit(plan)
        await job.finished()
        isProblem(await job.cancel(), 409, 'job-already-finished')
      }
    },
  },
  {
    id: 'CAN6',
    level: 'MUST',
    title: 'let a job succeed if its handler still returns its response after the cancellation',
    source: 'protocol, Cancellation',
    async run({ hold }) {
      const job = await hold({ onAbort: 'respond' })
      await job.cancel()
      const { status, cancelRequestedAt } = (await job.finished()).document()
      equal(status, 'succeeded', 'status')
      equal(cancelRequestedAt, undefined, 'cancelRequestedAt of a finished job')
    },
  },
  {
    id: 'CAN7',
    level: 'MUST',
    title: 'cancel a job whose handler does not stop in time, and let nothing that comes later change it',
    source: 'protocol, Cancellation',
    needs: ['release'],
    async run({ hold, submit, token }) {
      const { token: hold1, release } = token()
      const stubborn = await hold({ onAbort: 'ignore' })
      await stubborn.cancel()
      equal((await stubborn.finished()).document().status, 'canceled', 'status')
      await stubborn.release()
      // Another job goes through its whole life: by then the handler has long returned.
      const next = await submit({ hold: hold1, steps: 5 })
      await release()
      await next.finished()
      equal((await stubborn.status()).document().status, 'canceled', 'status after the handler returned')
      isProblem(await stubborn.result(), 409, 'job-canceled')
    },
  },
  {
    id: 'CAN8',
    level: 'MUST',
    title: 'answer a repeated cancellation like the first, with the time of the first',
    source: 'RFC 9110 9.2.2',
    async run({ hold }) {
      const job = await hold({ onAbort: 'ignore' })
      const first = await job.cancel()
      const again = await job.cancel()
      hasStatus(again, 200, 202)
      if (first.status === 202 && again.status === 202)
        equal(again.document().cancelRequestedAt, first.document().cancelRequestedAt, 'cancelRequestedAt')
    },
  },
]
