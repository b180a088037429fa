import type { Audit } from '../audit'
import { equal, hasStatus, ok } from '../expectation'
import type { Reply } from '../reply'

/** Checks that the reply is any 4xx. */
function refused(reply: Reply): void {
  ok(reply.status >= 400 && reply.status < 500, `${reply.asked} answered ${reply.status}, not one of 4xx`)
}

export const inputAudits: readonly Audit[] = [
  {
    id: 'INP1',
    level: 'MUST',
    title: 'answer 4xx to a path that matches no route, and to one that cannot be decoded',
    source: 'RFC 9110 15.5',
    async run({ submit, fetch }) {
      const { statusUrl, id } = await submit()
      for (const path of [`${statusUrl}/unknown`, `${statusUrl}/result/more`, statusUrl.replace(id, '%zz'), statusUrl.replace(id, '%ff')])
        refused(await fetch(path))
      refused(await fetch(statusUrl.replace(id, '..%2f..%2fetc')))
      refused(await fetch(statusUrl.replace(id, 'a'.repeat(6_000))))
    },
  },
  {
    id: 'INP2',
    level: 'MUST',
    title: 'answer 4xx to a body that the handler, or what is in front of it, cannot read',
    source: 'RFC 9110 15.5.1',
    async run({ post }) {
      for (const body of ['{', '"text"', '[]', '\u0000']) {
        const reply = await post(undefined, { body, headers: { prefer: 'wait=15' } })
        refused(reply)
      }
      hasStatus(await post(undefined, { body: '' }), 202)
    },
  },
  {
    id: 'INP3',
    level: 'MUST',
    title: 'ignore an If-None-Match, Range, Accept or Origin that cannot be read',
    source: 'RFC 9110 13.1.2, 14.2, 12.5.1',
    async run({ submit }) {
      const job = await submit()
      await job.finished()
      for (const value of ['"', 'W/', ',', '""', '\u00e9', 'x'.repeat(4_000)]) {
        for (const name of ['if-none-match', 'accept', 'origin', 'if-range'])
          hasStatus(await job.status({ headers: { [name]: value } }), 200)
        hasStatus(await job.result({ headers: { range: value, 'if-range': value } }), 200)
      }
    },
  },
  {
    id: 'INP4',
    level: 'MUST',
    title: 'ignore a query on the URLs of a job',
    source: 'protocol, Status',
    async run({ submit, fetch }) {
      const job = await submit()
      await job.finished()
      for (const query of ['?', '?x=1', '?cursor=%00&limit=x', '?%zz'])
        for (const url of [job.statusUrl, `${job.statusUrl}/result`]) hasStatus(await fetch(`${url}${query}`), 200)
      equal((await fetch(`${job.statusUrl}?x=1`)).document().links.self, job.statusUrl, 'links.self')
    },
  },
  {
    id: 'INP5',
    level: 'MUST',
    title: 'accept a request without a body',
    source: 'protocol, Accepting',
    async run({ submit }) {
      equal((await (await submit()).finished()).document().status, 'succeeded', 'status')
    },
  },
  {
    id: 'INP6',
    level: 'MUST',
    title: 'ignore a body in requests to the job routes',
    source: 'RFC 9110 9.3.5',
    async run({ hold }) {
      const job = await hold()
      const headers = { 'content-type': 'application/json' }
      hasStatus(await job.cancel({ headers, body: '{' }), 200, 202)
      await job.finished()
      hasStatus(await job.status({ method: 'DELETE', headers, body: '{' }), 204)
    },
  },
]
