import type { Audit } from '../audit'
import { equal, hasField, hasNoField, hasStatus, isProblem } from '../expectation'

const keyed = (key: string) => ({ headers: { 'idempotency-key': key } })
const newKey = () => crypto.randomUUID()
const source = 'draft-ietf-httpapi-idempotency-key-header'

export const idempotencyAudits: readonly Audit[] = [
  {
    id: 'IDM1',
    level: 'MUST',
    title: 'answer a repeated request with the same 202 and Location, and Idempotency-Replayed: true',
    source,
    async run({ submit }) {
      const key = keyed(newKey())
      const first = await submit({}, key)
      hasNoField(first.accepted, 'idempotency-replayed')
      const again = await submit({}, key)
      equal(again.statusUrl, first.statusUrl, 'Location of the repeated request')
      hasField(again.accepted, 'idempotency-replayed', 'true')
    },
  },
  {
    id: 'IDM2',
    level: 'MUST',
    title: 'send the current status document with a repeated 202',
    source: 'protocol, Idempotency',
    async run({ submit }) {
      const key = keyed(newKey())
      await (await submit({}, key)).finished()
      equal((await submit({}, key)).accepted.document().status, 'succeeded', 'status in the repeated 202')
    },
  },
  {
    id: 'IDM3',
    level: 'MUST',
    title: 'answer 422 to a key that comes again with another payload or for another URL',
    source,
    async run({ submit, post, fetch }) {
      const key = keyed(newKey())
      const { accepted } = await submit(undefined, key)
      isProblem(await post({ steps: 1 }, key), 422, 'idempotency-key-reused')
      const elsewhere = `${accepted.asked.replace('POST ', '')}?x=1`
      isProblem(await fetch(elsewhere, { method: 'POST', ...key }), 422, 'idempotency-key-reused')
    },
  },
  {
    id: 'IDM4',
    level: 'MUST',
    title: 'answer 400 to a request without a key where one is required',
    source,
    needs: ['idempotency-required'],
    async run({ post }) {
      isProblem(await post({}, { route: 'keyed' }), 400, 'idempotency-key-required')
      hasStatus(await post({}, { route: 'keyed', ...keyed(newKey()) }), 202)
    },
  },
  {
    id: 'IDM5',
    level: 'MUST',
    title: 'answer 400 to an invalid key: empty, over 255 characters, with an unclosed quote or a space inside',
    source: 'protocol, Idempotency',
    async run({ post }) {
      for (const key of ['', 'k'.repeat(256), '"open', 'a b', '""']) isProblem(await post({}, keyed(key)), 400, 'invalid-idempotency-key')
      hasStatus(await post({}, keyed('k'.repeat(219) + newKey())), 202)
    },
  },
  {
    id: 'IDM6',
    level: 'MUST',
    title: 'keep the keys of one owner apart from those of another',
    source: 'protocol, Idempotency',
    needs: ['owner'],
    async run({ submit }) {
      const key = keyed(newKey())
      const mine = await submit({}, key)
      const theirs = await submit({ steps: 1 }, { ...key, owner: `other-${newKey()}` })
      hasNoField(theirs.accepted, 'idempotency-replayed')
      equal(mine.id === theirs.id, false, 'one job for two owners')
    },
  },
  {
    id: 'IDM7',
    level: 'MUST',
    title: 'make one job of simultaneous requests with the same key',
    source,
    async run({ submit }) {
      const key = keyed(newKey())
      const made = await Promise.all(Array.from({ length: 6 }, () => submit({}, key)))
      equal(new Set(made.map(({ id }) => id)).size, 1, 'number of jobs')
      const replayed = made.filter(({ accepted }) => accepted.headers.get('idempotency-replayed') === 'true')
      equal(replayed.length, 5, 'number of answers with Idempotency-Replayed: true')
    },
  },
  {
    id: 'IDM8',
    level: 'MUST',
    title: 'treat a key as the same whether quoted, as the draft wants it, or bare, as most clients send it',
    source,
    async run({ submit }) {
      const key = newKey()
      const bare = await submit({}, keyed(key))
      equal((await submit({}, keyed(`"${key}"`))).statusUrl, bare.statusUrl, 'Location for the quoted key')
    },
  },
  {
    id: 'IDM9',
    level: 'MUST',
    title: 'free a key when its job is purged',
    source: 'protocol, Idempotency',
    async run({ submit }) {
      const key = keyed(newKey())
      const first = await submit({}, key)
      await first.finished()
      hasStatus(await first.status({ method: 'DELETE' }), 204)
      const next = await submit({}, key)
      hasNoField(next.accepted, 'idempotency-replayed')
      equal(next.id === first.id, false, 'the purged job again')
    },
  },
  {
    id: 'IDM10',
    level: 'MUST',
    title: 'treat a form that is built again as the same payload, although its boundary differs',
    source: 'RFC 2046 5.1.1',
    async run({ post, submit }) {
      const key = newKey()
      const form = (boundary: string, text: string) => ({
        headers: { 'idempotency-key': key, 'content-type': `multipart/form-data; boundary=${boundary}` },
        body: `--${boundary}\r\ncontent-disposition: form-data; name="text"\r\n\r\n${text}\r\n--${boundary}--\r\n`,
      })
      const first = await submit(undefined, form('----first', 'a'))
      equal((await submit(undefined, form('----again', 'a'))).statusUrl, first.statusUrl, 'Location of the repeated request')
      isProblem(await post(undefined, form('----first', 'b')), 422, 'idempotency-key-reused')
    },
  },
]
