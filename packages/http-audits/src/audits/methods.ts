import type { Audit } from '../audit'
import { elementsOf, equal, fieldsOf, hasStatus, isProblem, lists } from '../expectation'
import type { Reply } from '../reply'

/** Checks that HEAD answers as GET (RFC 9110 9.3.2). @param but header fields that may differ between two requests */
function likeGet(head: Reply, get: Reply, ...but: string[]): void {
  hasStatus(head, get.status)
  equal(head.bytes.length, 0, `body size of ${head.asked}`)
  equal(fieldsOf(head, 'content-length', ...but), fieldsOf(get, 'content-length', ...but), `header of ${head.asked}`)
  const length = head.headers.get('content-length')
  if (length !== null) equal(length, `${get.bytes.length}`, `Content-Length of ${head.asked}`)
}

const head = { method: 'HEAD' }

export const methodAudits: readonly Audit[] = [
  {
    id: 'MET1',
    level: 'MUST',
    title: 'answer HEAD of the status as GET, without the body',
    source: 'RFC 9110 9.3.2',
    async run({ hold, submit }) {
      const held = await hold()
      likeGet(await held.status(head), await held.status(), 'retry-after')
      const done = await submit()
      const etag = (await done.finished()).headers.get('etag') ?? ''
      likeGet(await done.status(head), await done.status())
      const conditional = { headers: { 'if-none-match': etag } }
      likeGet(await done.status({ ...head, ...conditional }), await done.status(conditional))
    },
  },
  {
    id: 'MET2',
    level: 'MUST',
    title: 'answer HEAD of the result as GET, without the body',
    source: 'RFC 9110 9.3.2',
    async run({ hold, submit }) {
      const held = await hold()
      likeGet(await held.result(head), await held.result(), 'retry-after')
      const done = await submit({
        respond: {
          headers: [
            ['content-type', 'text/plain'],
            ['set-cookie', 'a=1'],
          ],
          text: 'ä',
        },
      })
      await done.finished()
      likeGet(await done.result(head), await done.result())
    },
  },
  {
    id: 'MET3',
    level: 'MUST',
    title: 'answer HEAD of an unknown job as GET, without the body',
    source: 'RFC 9110 9.3.2',
    async run({ submit, fetch }) {
      const { statusUrl, id } = await submit()
      const unknown = statusUrl.replace(id, crypto.randomUUID())
      likeGet(await fetch(unknown, head), await fetch(unknown))
    },
  },
  {
    id: 'MET4',
    level: 'MUST',
    title: 'answer 405 with Allow to a method that a URL does not have',
    source: 'RFC 9110 15.5.6',
    async run({ submit, fetch }) {
      const { statusUrl } = await submit()
      for (const [url, methods, allowed] of [
        [statusUrl, ['PUT', 'PATCH', 'POST'], ['GET', 'HEAD', 'DELETE']],
        [`${statusUrl}/result`, ['PUT', 'POST', 'DELETE'], ['GET', 'HEAD']],
        [`${statusUrl}/cancel`, ['GET', 'DELETE', 'PUT'], ['POST']],
      ] as const)
        for (const method of methods) {
          const reply = await fetch(url, { method })
          isProblem(reply, 405, 'method-not-allowed')
          lists(reply, 'allow', ...allowed)
          equal(elementsOf(reply, 'allow').includes(method.toLowerCase()), false, `Allow naming ${method} in the answer to it`)
        }
    },
  },
  {
    id: 'MET5',
    level: 'SHOULD',
    title: 'answer OPTIONS with 204 and Allow',
    source: 'RFC 9110 9.3.7',
    async run({ submit, fetch }) {
      const { statusUrl } = await submit()
      const reply = await fetch(statusUrl, { method: 'OPTIONS' })
      hasStatus(reply, 204)
      lists(reply, 'allow', 'GET', 'HEAD', 'DELETE')
    },
  },
]
