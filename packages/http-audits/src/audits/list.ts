import type { Audit } from '../audit'
import { elementsOf, equal, hasNoField, hasStatus, isProblem, lists, match, ok } from '../expectation'
import type { Reply, StatusDocument } from '../reply'
import type { Asking, AuditJob, Subject } from '../subject'

const needs = ['owner', 'list'] as const
const source = 'protocol, List'
const listUrl = ({ statusUrl, id }: AuditJob) => statusUrl.slice(0, -id.length - 1)

/** The jobs of a list answer. */
function jobsOf(reply: Reply): StatusDocument[] {
  hasStatus(reply, 200)
  const { jobs } = reply.json()
  ok(Array.isArray(jobs), `${reply.asked} has no jobs`)
  return jobs as StatusDocument[] // not validated: the audits below look at their ids
}

/** Makes a number of finished jobs, one after another, and a function that requests their list. */
async function several({ submit, fetch }: Subject, count: number) {
  const jobs: AuditJob[] = []
  for (let job = 0; job < count; job++) jobs.push(await submit())
  await Promise.all(jobs.map((job) => job.finished()))
  const url = listUrl(jobs[0] as AuditJob) // count is at least 1
  return { jobs, url, list: (query = '', asking?: Asking) => fetch(`${url}${query}`, asking) }
}
const ids = (jobs: readonly { id: string }[]) => jobs.map(({ id }) => id)

export const listAudits: readonly Audit[] = [
  {
    id: 'LST1',
    level: 'MUST',
    title: 'list the jobs of an owner as status documents, newest first',
    source,
    needs,
    async run(subject) {
      const { jobs, list } = await several(subject, 3)
      const reply = await list()
      match(reply.headers.get('content-type'), /^application\/json(?:;|$)/, 'Content-Type of the list')
      const listed = jobsOf(reply)
      equal(ids(listed).sort().join(), ids(jobs).sort().join(), 'ids in the list')
      const times = listed.map(({ createdAt }) => createdAt)
      equal(times.join(), [...times].sort().reverse().join(), 'createdAt in the list')
      equal(listed[0]?.links.self, jobs.find(({ id }) => id === listed[0]?.id)?.statusUrl, 'links.self in the list')
    },
  },
  {
    id: 'LST2',
    level: 'MUST',
    title: 'list no job of another owner',
    source,
    needs,
    async run(subject) {
      const { list } = await several(subject, 1)
      const reply = await list('', { owner: `other-${crypto.randomUUID()}` })
      equal(jobsOf(reply).length, 0, 'number of jobs in another owner’s list')
    },
  },
  {
    id: 'LST3',
    level: 'MUST',
    title: 'give pages of at most limit jobs, with next and Link: rel="next" to follow, and lose and repeat nothing',
    source: 'RFC 8288 3',
    needs,
    async run(subject) {
      const { jobs, url, list } = await several(subject, 5)
      const seen: string[] = []
      let reply = await list('?limit=2')
      for (let page = 1; page <= 3; page++) {
        const listed = jobsOf(reply)
        equal(listed.length, page < 3 ? 2 : 1, `number of jobs on page ${page}`)
        seen.push(...ids(listed))
        const { next } = reply.json()
        if (page === 3) equal(next, undefined, 'next of the last page')
        else {
          ok(typeof next === 'string' && next.startsWith(`${url}?`), `next is ${JSON.stringify(next)}`)
          ok(elementsOf(reply, 'link').includes(`<${next}>; rel="next"`.toLowerCase()), `Link is ${reply.headers.get('link')}`)
          reply = await subject.fetch(next)
        }
      }
      hasNoField(reply, 'link')
      equal([...seen].sort().join(), ids(jobs).sort().join(), 'ids on all pages')
    },
  },
  {
    id: 'LST4',
    level: 'MUST',
    title: 'list only jobs whose status the query names',
    source,
    needs,
    async run({ submit, fetch }) {
      const good = await submit()
      const bad = await submit({ throw: { message: 'boom' } })
      await Promise.all([good.finished(), bad.finished()])
      for (const [query, expected] of [
        ['succeeded', [good]],
        ['failed', [bad]],
        ['queued', []],
        ['succeeded,failed', [bad, good]],
      ] as const)
        equal(
          ids(jobsOf(await fetch(`${listUrl(good)}?status=${query}`)))
            .sort()
            .join(),
          ids(expected).sort().join(),
          `ids of status=${query}`,
        )
    },
  },
  {
    id: 'LST5',
    level: 'MUST',
    title: 'list only jobs whose operation the query names',
    source,
    needs,
    async run(subject) {
      const { jobs, list } = await several(subject, 1)
      const operation = jobs[0]?.accepted.document().operation
      equal(jobsOf(await list(`?operation=${operation}`)).length, 1, `number of jobs of ${operation}`)
      equal(jobsOf(await list('?operation=another')).length, 0, 'number of jobs of another operation')
    },
  },
  {
    id: 'LST6',
    level: 'MUST',
    title: 'answer 400 to an invalid limit, status or cursor',
    source,
    needs,
    async run(subject) {
      const { list } = await several(subject, 1)
      for (const query of ['limit=0', 'limit=101', 'limit=x', 'limit=1.5', 'limit=', 'status=done', 'status=', 'cursor=x', 'cursor=%00'])
        isProblem(await list(`?${query}`), 400, 'invalid-query')
      for (const query of ['limit=1', 'limit=100', 'unknown=1']) hasStatus(await list(`?${query}`), 200)
    },
  },
  {
    id: 'LST7',
    level: 'MUST',
    title: 'have no list for a client without an owner: it would be everybody’s',
    source,
    needs,
    async run(subject) {
      const { list } = await several(subject, 1)
      hasStatus(await list('', { owner: null }), 404)
    },
  },
  {
    id: 'LST8',
    level: 'MUST',
    title: 'send the list with Cache-Control: private, no-store',
    source: 'RFC 9111 5.2.2',
    needs,
    async run(subject) {
      const { list } = await several(subject, 1)
      lists(await list(), 'cache-control', 'private', 'no-store')
    },
  },
]
