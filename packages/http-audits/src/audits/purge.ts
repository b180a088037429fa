import type { Audit } from '../audit'
import { equal, hasStatus, isEmpty, isProblem, isSame, lists } from '../expectation'
import type { AuditJob, Subject } from '../subject'
import type { AuditRoute } from '../target'

async function purged({ submit }: Subject, route: AuditRoute = 'work'): Promise<AuditJob> {
  const job = await submit({}, { route })
  await job.finished()
  await job.status({ method: 'DELETE' })
  return job
}

export const purgeAudits: readonly Audit[] = [
  {
    id: 'PRG1',
    level: 'MUST',
    title: 'purge a finished job on DELETE: 204, without a body or Content-Type',
    source: 'RFC 9110 9.3.5',
    async run({ submit }) {
      for (const plan of [{}, { throw: { message: 'boom' } }]) {
        const job = await submit(plan)
        await job.finished()
        const reply = await job.status({ method: 'DELETE' })
        hasStatus(reply, 204)
        isEmpty(reply)
      }
    },
  },
  {
    id: 'PRG2',
    level: 'MUST',
    title: 'answer 410 for a purged job while its tombstone lasts, at all its URLs and to every method that they have',
    source: 'RFC 9110 15.5.11',
    async run(subject) {
      const job = await purged(subject)
      const elsewhere = [await subject.fetch(`${job.statusUrl}/events`), await subject.fetch(`${job.statusUrl}/stream`)]
      for (const reply of [
        await job.status(),
        await job.result(),
        ...elsewhere,
        await job.cancel(),
        await job.status({ method: 'DELETE' }),
      ])
        isProblem(reply, 410, 'job-gone')
    },
  },
  {
    id: 'PRG3',
    level: 'MUST',
    title: 'send the 410 with Cache-Control: no-store, because caches could otherwise keep it',
    source: 'RFC 9110 15.1, RFC 9111 4.2.2',
    async run(subject) {
      const job = await purged(subject)
      const reply = await job.status()
      hasStatus(reply, 410)
      lists(reply, 'cache-control', 'no-store')
    },
  },
  {
    id: 'PRG4',
    level: 'MUST',
    title: 'answer 404 once the tombstone is gone, as for an id that never existed',
    source: 'protocol, Purge and expiry',
    needs: ['tombstone'],
    async run(subject) {
      const job = await purged(subject, 'forgetful')
      let reply = await job.status()
      while (reply.status === 410) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        reply = await job.status()
      }
      isSame(reply, await subject.fetch(job.statusUrl.replace(job.id, crypto.randomUUID())))
    },
  },
  {
    id: 'PRG5',
    level: 'MUST',
    title: 'answer 410 for a job that has expired',
    source: 'RFC 9110 15.5.11',
    needs: ['expiry'],
    async run({ submit }) {
      const job = await submit({}, { route: 'brief' })
      let reply = await job.status()
      while (reply.status === 200 || reply.status === 202) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        reply = await job.status()
      }
      isProblem(reply, 410, 'job-gone')
      lists(reply, 'cache-control', 'no-store')
      hasStatus(await job.result(), 410)
    },
  },
  {
    id: 'PRG6',
    level: 'MUST',
    title: 'leave a purged job out of every list',
    source: 'protocol, List',
    needs: ['owner', 'list'],
    async run(subject) {
      const job = await purged(subject)
      const { jobs } = (await subject.fetch(job.statusUrl.slice(0, -job.id.length - 1))).json()
      equal(JSON.stringify(jobs), '[]', 'the list')
    },
  },
]
