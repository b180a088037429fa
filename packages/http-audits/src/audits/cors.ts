import type { Audit } from '../audit'
import { equal, hasField, hasNoField, hasStatus, lists } from '../expectation'
import { AUDIT_ORIGIN } from '../target'

const source = 'Fetch 3.3'
const needs = ['cors'] as const
const page = { headers: { origin: AUDIT_ORIGIN } }
const EXPOSED = [
  ...['Location', 'Content-Location', 'Retry-After', 'ETag', 'Link', 'Preference-Applied', 'Operation-Location'],
  ...['Sunset', 'Idempotency-Replayed', 'Content-Range'],
]

export const corsAudits: readonly Audit[] = [
  {
    id: 'COR1',
    level: 'MUST',
    title: 'let a page of an allowed origin read every answer about a job, including the 202 and problems',
    source,
    needs,
    async run({ submit, fetch }) {
      const { accepted, status, result, cancel, statusUrl, id, finished } = await submit({}, page)
      const etag = (await finished()).headers.get('etag') ?? ''
      const replies = [accepted, await status(page), await result(page)]
      replies.push(await status({ headers: { ...page.headers, 'if-none-match': etag } }))
      replies.push(await fetch(statusUrl.replace(id, crypto.randomUUID()), page), await cancel(page))
      replies.push(await status({ ...page, method: 'PUT' }))
      replies.push(await status({ ...page, method: 'DELETE' }), await status(page))
      for (const reply of replies) hasField(reply, 'access-control-allow-origin', AUDIT_ORIGIN)
    },
  },
  {
    id: 'COR2',
    level: 'MUST',
    title: 'expose the response fields that clients need',
    source,
    needs,
    async run({ submit }) {
      const { accepted, status } = await submit({}, page)
      for (const reply of [accepted, await status(page)]) lists(reply, 'access-control-expose-headers', ...EXPOSED)
    },
  },
  {
    id: 'COR3',
    level: 'MUST',
    title: 'let no page of another origin read an answer',
    source,
    needs,
    async run({ submit }) {
      const { accepted, status } = await submit({}, { headers: { origin: 'https://elsewhere.audit.example' } })
      for (const reply of [accepted, await status({ headers: { origin: 'null' } }), await status()])
        hasNoField(reply, 'access-control-allow-origin')
    },
  },
  {
    id: 'COR4',
    level: 'MUST',
    title: 'add Origin to what else Vary names, where the answer depends on it',
    source: 'RFC 9110 12.5.5',
    needs,
    async run({ submit }) {
      const { accepted, status } = await submit()
      lists(accepted, 'vary', 'Origin', 'Prefer')
      lists(await status(page), 'vary', 'Origin', 'Prefer', 'Accept')
    },
  },
  {
    id: 'COR5',
    level: 'MUST',
    title: 'answer a preflight with the methods and request fields that clients need',
    source: 'Fetch 3.3.3',
    needs,
    async run({ submit, fetch }) {
      const { statusUrl } = await submit()
      const asked = { 'access-control-request-method': 'DELETE', 'access-control-request-headers': 'if-none-match, prefer' }
      const reply = await fetch(statusUrl, { method: 'OPTIONS', headers: { ...page.headers, ...asked } })
      hasStatus(reply, 200, 204)
      equal(reply.bytes.length, 0, 'body size of the answer')
      hasField(reply, 'access-control-allow-origin', AUDIT_ORIGIN)
      lists(reply, 'access-control-allow-methods', 'GET', 'DELETE')
      lists(reply, 'access-control-allow-headers', 'Prefer', 'If-None-Match', 'Idempotency-Key', 'Content-Type')
    },
  },
  {
    id: 'COR6',
    level: 'MUST',
    title: 'send no CORS fields where CORS is not configured',
    source: 'protocol, CORS',
    needs: ['pending-200'],
    async run({ submit }) {
      const { accepted, status } = await submit({}, { ...page, route: 'pending' })
      for (const reply of [accepted, await status(page)])
        for (const name of ['access-control-allow-origin', 'access-control-expose-headers']) hasNoField(reply, name)
    },
  },
]
