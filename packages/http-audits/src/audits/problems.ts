import type { Audit } from '../audit'
import { equal, isProblem, isSame, lists, match, ok } from '../expectation'

/** Methods and URLs of a job. */
const WAYS = [
  ['GET', ''],
  ['HEAD', ''],
  ['GET', '/result'],
  ['GET', '/events'],
  ['GET', '/stream'],
  ['POST', '/cancel'],
  ['DELETE', ''],
] as const

export const problemAudits: readonly Audit[] = [
  {
    id: 'PRB1',
    level: 'MUST',
    title: 'answer 404 for an unknown id, at all URLs of a job and to every method that they have',
    source: 'RFC 9110 15.5.5',
    async run({ submit, fetch }) {
      const { statusUrl, id } = await submit()
      const unknown = statusUrl.replace(id, crypto.randomUUID())
      for (const [method, action] of WAYS)
        if (method !== 'HEAD') isProblem(await fetch(`${unknown}${action}`, { method }), 404, 'job-not-found')
    },
  },
  {
    id: 'PRB2',
    level: 'MUST',
    title: 'answer a malformed id byte for byte like an unknown one',
    source: 'protocol, Problems',
    async run({ submit, fetch }) {
      const { statusUrl, id } = await submit()
      const unknown = await fetch(statusUrl.replace(id, crypto.randomUUID()))
      for (const malformed of ['x', '1', 'null', id.toUpperCase(), `${id}x`, 'a'.repeat(300), '%C3%A9', '%00', '%20', '~', '*'])
        isSame(await fetch(statusUrl.replace(id, malformed)), unknown)
    },
  },
  {
    id: 'PRB3',
    level: 'MUST',
    title: 'answer for another owner’s job byte for byte as for an unknown one, at all its URLs and to every method that they have',
    source: 'protocol, Problems',
    needs: ['owner'],
    async run({ hold, submit, fetch }) {
      const [held, done] = [await hold(), await submit()]
      await done.finished()
      for (const { statusUrl, id } of [held, done]) {
        const unknown = statusUrl.replace(id, crypto.randomUUID())
        for (const owner of [`other-${crypto.randomUUID()}`, null])
          await Promise.all(
            WAYS.map(async ([method, action]) =>
              isSame(await fetch(`${statusUrl}${action}`, { method, owner }), await fetch(`${unknown}${action}`, { method, owner })),
            ),
          )
      }
      equal((await held.status()).document().status, 'running', 'status after another owner’s attempts')
    },
  },
  {
    id: 'PRB4',
    level: 'MUST',
    title: 'send a 404 with Cache-Control: no-store, because caches could otherwise keep it',
    source: 'RFC 9110 15.1, RFC 9111 4.2.2',
    async run({ submit, fetch }) {
      const { statusUrl, id } = await submit()
      lists(await fetch(statusUrl.replace(id, crypto.randomUUID())), 'cache-control', 'no-store')
    },
  },
  {
    id: 'PRB5',
    level: 'MUST',
    title: 'send problems as application/problem+json with type, title, status and code',
    source: 'RFC 9457 3',
    async run({ submit, post, fetch }) {
      const { statusUrl, id } = await submit()
      const unknown = await fetch(statusUrl.replace(id, crypto.randomUUID()))
      for (const reply of [unknown, await post({}, { headers: { 'idempotency-key': '"' } }), await fetch(statusUrl, { method: 'PUT' })]) {
        match(reply.headers.get('content-type'), /^application\/problem\+json(?:;|$)/, `Content-Type of ${reply.asked} (${reply.status})`)
        const { type, title, status, code } = reply.problem()
        match(type, /^[a-z][a-z\d+.-]*:\S+$/i, 'type')
        ok(typeof title === 'string' && title !== '', `title is ${title}`)
        equal(status, reply.status, 'status in the problem')
        match(code, /^[a-z][a-z\d-]*$/, 'code')
      }
    },
  },
  {
    id: 'PRB6',
    level: 'MUST',
    title: 'leave out absent members of a problem instead of sending null',
    source: 'RFC 9457 3.1',
    async run({ submit, fetch }) {
      const { statusUrl, id } = await submit()
      const problem = (await fetch(statusUrl.replace(id, crypto.randomUUID()))).json()
      for (const [member, value] of Object.entries(problem)) ok(value !== null, `${member} of a problem is null`)
    },
  },
]
