import type { Job, JobStore, JobWebhook, StoredRequest, StoredResponse } from '@respond-async/core'
import { sameHead, sameJob } from '../assertions'
import { idOf, job, T0 } from '../records'
import { storeCase } from '../store-case'

/** NUL, quotes, line ends, syntax of SQL and JSON, right-to-left, both Unicode forms, four-byte characters. */
const TEXT = 'a\u0000b \u0001\u001f "\'`\\ \r\n\t \u2028 \ufeff %_$1 \u00e9 e\u0301 \u05e9\u05dc\u05d5\u05dd 日本 👩‍👩‍👧 \u{10ffff} '

/** A job with every member; the type requires new members of the record to be added here, so that stores must return them. */
interface Whole extends Required<Job> {
  readonly request: Required<StoredRequest>
  readonly response: Required<StoredResponse>
  readonly webhook: Required<JobWebhook>
}

const EVERYTHING = {
  ...{ id: idOf(1), version: 1, revision: 2 },
  ...{ operation: 'reports/monthly', owner: 'ann', idempotencyKey: 'key', fingerprint: 'f'.repeat(64), status: 'failed' },
  ...{ createdAt: T0, updatedAt: T0 + 1, scheduledAt: T0 + 2, startedAt: T0 + 3, finishedAt: T0 + 4, expiresAt: T0 + 5 },
  ...{ cancelRequestedAt: T0 + 6, goneAt: T0 + 7, dueAt: T0 + 8, timeoutAt: T0 + 9, attempt: 2, maxAttempts: 3, dispatch: 4 },
  ...{ percentComplete: 50, message: 'half', estimateMs: 5_000, meta: { name: 'n' }, result: '{"a":1}' },
  retryOf: idOf(9),
  webhook: {
    ...{ url: 'https://example.com/hook', events: ['job.succeeded', 'job.failed'], attempts: 2, nextAt: T0 + 10 },
    log: [
      { at: T0 + 8, attempt: 1, tookMs: 1.5, status: 500 },
      { at: T0 + 9, attempt: 2, tookMs: 0, error: 'connection refused' },
    ],
  },
  error: { code: 'handler_failed', status: 500, title: 't', message: 'm' },
  request: {
    method: 'POST',
    url: '/a?b=c',
    headers: { 'content-type': 'text/plain' },
    carry: { user: 1 },
    context: { params: { id: '1' } },
    ...{ chunkBytes: 262_144, size: 2, keep: false },
  },
  response: { status: 500, headers: { 'x-a': 'b' }, size: 3, chunkBytes: 65_536 },
  ...{ requestBody: 'in', responseBody: 'out' },
} as const satisfies Whole

/** Writes by insert and by replace, and reads through the other handle. */
async function comesBack(a: JobStore, b: JobStore, given: Job): Promise<void> {
  await a.insert(given)
  sameJob(await b.get(given.id, 'full'), given, 'as it was inserted')
  sameHead(await b.get(given.id, 'head'), given, 'its head')
  const before = job(2)
  const after = { ...given, id: before.id, version: 2, idempotencyKey: given.idempotencyKey && `${given.idempotencyKey}2` }
  await a.insert(before)
  await a.replace(after)
  sameJob(await b.get(after.id, 'full'), after, 'as it was replaced')
}

export const roundTripCases = [
  storeCase('RTP1', 'returns every member of a job as it was stored', ({ a, b }) => comesBack(a, b, job(1, EVERYTHING))),
  storeCase('RTP2', 'distinguishes absent, null and empty', ({ a, b }) =>
    comesBack(
      a,
      b,
      job(1, {
        ...{ owner: '', message: '', dueAt: null, meta: { none: null, text: '', list: [], object: {}, list2: [null] }, result: 'null' },
        request: { method: 'POST', url: '', headers: {}, carry: {} },
        response: { status: 204, headers: { 'x-empty': '' }, size: 0 },
      }),
    ),
  ),
  storeCase('RTP3', 'returns any text unchanged, in every place where text may be', ({ a, b }) =>
    comesBack(
      a,
      b,
      job(1, {
        ...{ operation: TEXT, owner: TEXT, idempotencyKey: TEXT, message: TEXT, result: JSON.stringify(TEXT), meta: { [TEXT]: TEXT } },
        error: { code: TEXT, status: 500, title: TEXT, message: TEXT },
        request: { method: 'POST', url: TEXT, headers: { 'x-text': TEXT }, carry: { [TEXT]: [TEXT] } },
        ...{ response: { status: 200, headers: { 'x-text': [TEXT] }, size: 1 }, requestBody: TEXT, responseBody: TEXT },
      }),
    ),
  ),
  storeCase('RTP4', 'returns numbers exactly: integers up to 2^53 - 1, and fractions', ({ a, b }) => {
    const largest = Number.MAX_SAFE_INTEGER
    return comesBack(
      a,
      b,
      job(1, {
        ...{ createdAt: largest, updatedAt: largest, expiresAt: largest, dueAt: largest, timeoutAt: 0, startedAt: 0, dispatch: largest },
        ...{
          percentComplete: 33.333333333333336,
          estimateMs: largest,
          meta: { n: [0, -1, 0.1, 1e21, 5e-324, -largest, 1.7976931348623157e308] },
        },
      }),
    )
  }),
  storeCase('RTP5', 'returns nested JSON unchanged', ({ a, b }) => {
    let deep: Job['meta'] = { leaf: true }
    for (let n = 0; n < 50; n++) deep = { deep, list: [n, [n, [String(n)]], false, null] }
    const names = { '': 1, ' ': 2, 'a.b': 3, $set: 4, constructor: 5, '0': 6, 'a\\b"c': 7, length: 8 }
    return comesBack(
      a,
      b,
      job(1, { meta: { deep, names }, request: { method: 'PUT', url: '/', headers: {}, carry: { deep }, context: names } }),
    )
  }),
  storeCase('RTP6', 'returns lists of header fields in their order, and a list of one as a list', ({ a, b }) =>
    comesBack(
      a,
      b,
      job(1, {
        request: { method: 'POST', url: '/', headers: { 'x-list': ['b', 'a', 'b'], 'x-one': ['1'], 'x-text': '1, 2' } },
        response: { status: 200, headers: { 'set-cookie': ['b=2; Path=/', 'a=1, x', 'a=1, x'], 'x-one': ['1'] }, size: 1 },
      }),
    ),
  ),
  storeCase('RTP7', 'returns the JSON text of a result as it was written', ({ a, b }) =>
    comesBack(a, b, job(1, { result: ' {"b" : 1.0, "a":1e2,\n"a":12345678901234567890, "é":"\\u00e9\\/"} ' })),
  ),
  storeCase('RTP8', 'distinguishes a body of 0 bytes from none', async ({ a, b }) => {
    await comesBack(a, b, job(1, { requestBody: '', responseBody: new Uint8Array(0) }))
    await b.remove(idOf(1))
    await b.remove(idOf(2))
    await comesBack(a, b, job(1, { requestBody: new Uint8Array(0), responseBody: null }))
  }),
  storeCase('RTP9', 'returns all byte values, even those of a view into a larger buffer', ({ a, b }) => {
    const all = Uint8Array.from({ length: 768 }, (_, at) => at)
    return comesBack(a, b, job(1, { requestBody: all.subarray(256, 512), responseBody: all.subarray(100, 700).reverse() }))
  }),
]
