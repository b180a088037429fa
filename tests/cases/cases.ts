/**
 * What an adapter has to carry through a job unharmed, as data: every adapter implements the handlers for its framework by case id
 * and runs the whole list twice, inline and by replay (see check.ts). Nothing in here knows a framework or a runtime.
 */
export interface AdapterCase {
  /** Names the case, the operation and, unless `pattern` says otherwise, the route: `/cases/<id>`. */
  readonly id: string
  readonly title: string
  /** What the handler of this id does. */
  readonly handler: string
  /** Where it can occur; everywhere when left out. */
  readonly only?: readonly Adapter[]
  /** Route pattern, where it has parameters. */
  readonly pattern?: string
  readonly options?: { readonly maxRunMs: number }
  readonly request: CaseRequest
  readonly expect: ExpectedResponse | ExpectedFailure
}

export type Adapter = 'express' | 'hono' | 'workers'

interface CaseRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array<ArrayBuffer> | null
}

/** What the result URL must replay. A header may be a pattern where frameworks differ in letters that mean nothing. */
export interface ExpectedResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | RegExp>>
  readonly setCookie?: readonly string[]
  /** Exact bytes; a text is its UTF-8. `undefined`: whatever the framework writes. */
  readonly body: string | Uint8Array | undefined
}

/** The problem that the result URL must answer, and `error` of the status document. */
interface ExpectedFailure {
  readonly failure: { readonly code: string; readonly status: number; readonly message: string }
}

const JSON_TYPE = /^application\/json(; ?charset=utf-8)?$/i
const TEXT_TYPE = /^text\/plain; ?charset=utf-8$/i
const HTML_TYPE = /^text\/html; ?charset=utf-8$/i
const XML_TYPE = /^application\/xml(; ?charset=utf-8)?$/i

const NOTHING = { headers: {}, body: null }
/** Bytes that are no text: every value, in an order that repeats late. */
export const pattern = (size: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(size)
  for (let at = 0, seed = 7; at < size; at++) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    bytes[at] = seed >>> 24
  }
  return bytes
}

/** The handlers of these answer, and the answer is replayed byte for byte. */
const ANSWERS: readonly Omit<AdapterCase, 'request'>[] = [
  {
    id: 'json',
    title: 'JSON with a header of its own',
    handler: 'Answers 201 with the JSON {"month":"2026-01","total":3,"note":"Grüße"} the way the framework does it, and x-report: 2026-01.',
    expect: {
      status: 201,
      headers: { 'content-type': JSON_TYPE, 'x-report': '2026-01' },
      body: '{"month":"2026-01","total":3,"note":"Grüße"}',
    },
  },
  {
    id: 'text',
    title: 'plain text beyond ASCII',
    handler: 'Answers 200, text/plain; charset=utf-8, "Grüße, 世界 👋\\n".',
    expect: { status: 200, headers: { 'content-type': TEXT_TYPE }, body: 'Grüße, 世界 👋\n' },
  },
  {
    id: 'text-untyped',
    title: 'a text of which only the platform says that it is one',
    handler: 'Answers 200 with the text "ok" and x-report: 2026-01, and says no media type.',
    only: ['hono', 'workers'],
    expect: { status: 200, headers: { 'content-type': TEXT_TYPE, 'x-report': '2026-01' }, body: 'ok' },
  },
  {
    id: 'html',
    title: 'a page',
    handler: 'Answers 200, text/html; charset=utf-8, "<!doctype html><p>Grüße</p>".',
    expect: { status: 200, headers: { 'content-type': HTML_TYPE }, body: '<!doctype html><p>Grüße</p>' },
  },
  {
    id: 'binary',
    title: 'bytes that are no text',
    handler: 'Answers 200, application/octet-stream, the bytes pattern(4096).',
    expect: { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: pattern(4096) },
  },
  {
    id: 'no-content',
    title: 'an empty 204',
    handler: 'Answers 204 with x-done: yes and nothing else.',
    expect: { status: 204, headers: { 'x-done': 'yes' }, body: '' },
  },
  {
    id: 'empty',
    title: 'a 200 without a body',
    handler: 'Answers 200 with x-done: yes and no body.',
    expect: { status: 200, headers: { 'x-done': 'yes' }, body: '' },
  },
  {
    id: 'cookies',
    title: 'repeated Set-Cookie',
    handler: 'Sets the cookies "a=1; Path=/" and "b=2; Path=/; HttpOnly", in this order, and answers 200 with the text "ok".',
    expect: { status: 200, headers: {}, setCookie: ['a=1; Path=/', 'b=2; Path=/; HttpOnly'], body: 'ok' },
  },
  {
    id: 'redirect',
    title: 'a redirect',
    handler: 'Redirects with 302 to /files/report.pdf the way the framework does it.',
    expect: { status: 302, headers: { location: '/files/report.pdf' }, body: undefined },
  },
  {
    id: 'cached',
    title: 'fields of its own about caching and validation',
    handler: 'Answers 200 with the text "ok", cache-control: max-age=60, etag: "v1" and last-modified: Thu, 01 Jan 2026 00:00:00 GMT.',
    expect: {
      status: 200,
      headers: { 'cache-control': 'max-age=60', etag: '"v1"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' },
      body: 'ok',
    },
  },
  {
    id: 'stream',
    title: 'a streamed body',
    handler: 'Streams text/csv in the chunks "one,", "two,", "three\\n", each in a later turn of the event loop.',
    expect: { status: 200, headers: { 'content-type': /^text\/csv/ }, body: 'one,two,three\n' },
  },
  {
    id: 'stream-large',
    title: 'a stream of a megabyte of bytes',
    handler:
      'Streams application/octet-stream: pattern(1048576) in 64 chunks of 16384, through whatever back-pressure there is (pipe, pull).',
    expect: { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: pattern(1_048_576) },
  },
  {
    id: 'file',
    title: 'a file from disk',
    handler: 'Sends the file tests/cases/report.csv as text/csv the way the framework does it (res.sendFile).',
    only: ['express', 'hono'],
    expect: { status: 200, headers: { 'content-type': /^text\/csv/ }, body: 'month,total\n2026-01,3\n2026-02,"Grüße, 世界"\n' },
  },
  {
    id: 'client-error',
    title: 'a 422 with its own body',
    handler: 'Answers 422 with the JSON {"errors":["month is missing"]} and x-check: failed.',
    expect: { status: 422, headers: { 'content-type': JSON_TYPE, 'x-check': 'failed' }, body: '{"errors":["month is missing"]}' },
  },
  {
    id: 'server-error',
    title: 'a 503 page',
    handler: 'Answers 503, text/html; charset=utf-8, "<h1>Back soon</h1>", with retry-after: 120.',
    expect: { status: 503, headers: { 'content-type': HTML_TYPE, 'retry-after': '120' }, body: '<h1>Back soon</h1>' },
  },
  {
    id: 'job',
    title: 'a handler that uses its job',
    handler:
      'Awaits job.progress(50, "half"), then answers the JSON {"operation":job.operation,"attempt":job.attempt,"aborted":job.signal.aborted}.',
    expect: { status: 200, headers: { 'content-type': JSON_TYPE }, body: '{"operation":"job","attempt":1,"aborted":false}' },
  },
]

const FAILED = { failure: { code: 'handler_failed', status: 500, message: 'The handler failed.' } }

/** The handlers of these do not answer, or not to the end. */
const FAILURES: readonly Omit<AdapterCase, 'request'>[] = [
  { id: 'throw', title: 'a synchronous throw', handler: 'Throws new Error("secret") before anything else, not async.', expect: FAILED },
  {
    id: 'throw-later',
    title: 'a rejection',
    handler: 'Async: waits a turn of the event loop, then throws new Error("secret").',
    expect: FAILED,
  },
  { id: 'throw-nothing', title: 'a rejection without a reason', handler: 'Returns Promise.reject(undefined).', expect: FAILED },
  {
    id: 'throw-hidden',
    title: 'an error with a status that does not say it may be shown',
    handler: 'Throws Object.assign(new Error("secret"), { status: 404, code: "secret" }).',
    expect: FAILED,
  },
  {
    id: 'throw-shown',
    title: 'an error that says it may be shown',
    handler: 'Throws Object.assign(new Error("March is closed"), { expose: true, status: 409, code: "month_closed" }).',
    expect: { failure: { code: 'month_closed', status: 409, message: 'March is closed' } },
  },
  {
    id: 'broken-stream',
    title: 'a stream that breaks off',
    handler: 'Begins to answer (200, text/plain), sends the chunk "one", and then fails: a throw after res.write, a stream that errors.',
    expect: FAILED,
  },
  { id: 'next-error', title: 'an error given to next()', handler: 'next(new Error("secret")).', only: ['express'], expect: FAILED },
  {
    id: 'passed',
    title: 'a request that is passed on',
    handler: 'Does not answer: Express next(), itty-router undefined.',
    only: ['express', 'workers'],
    expect: {
      failure: { code: 'handler_passed', status: 404, message: 'The handler passed the request on, but no handler follows.' },
    },
  },
  {
    id: 'never',
    title: 'a handler that never answers',
    handler: 'Returns new Promise(() => {}), or returns without ever answering.',
    options: { maxRunMs: 50 },
    expect: { failure: { code: 'timeout', status: 504, message: 'It was stopped at its time limit.' } },
  },
]

const answers = (value: object): ExpectedResponse => ({
  status: 200,
  headers: { 'content-type': JSON_TYPE },
  body: JSON.stringify(value),
})

const BOUNDARY = 'respond-async-7d1f'
const PHOTO = pattern(3_000)
const join = (...parts: (string | Uint8Array)[]): Uint8Array<ArrayBuffer> => {
  const bytes = parts.map((part) => (typeof part === 'string' ? new TextEncoder().encode(part) : part))
  const all = new Uint8Array(bytes.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of bytes) {
    all.set(part, at)
    at += part.length
  }
  return all
}
const MULTIPART = join(
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="title"\r\n\r\nHoliday in Zürich\r\n`,
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="photo.bin"\r\nContent-Type: application/x-photo\r\n\r\n`,
  PHOTO,
  `\r\n--${BOUNDARY}--\r\n`,
)
const XML = '<?xml version="1.0" encoding="UTF-8"?>\n<order id="1"><item>Käse</item></order>\n'

/** The handlers of these answer with what they saw of the request. JSON is written without spaces, members in the order given. */
const REQUESTS: readonly AdapterCase[] = [
  {
    id: 'in-json',
    title: 'a JSON body',
    handler: 'Answers {"body":<the parsed JSON body>}.',
    request: {
      ...{ method: 'POST', path: '/cases/in-json', headers: { 'content-type': 'application/json' } },
      body: '{ "name": "Grüße", "list": [1, 2, { "deep": null }] }',
    },
    expect: answers({ body: { name: 'Grüße', list: [1, 2, { deep: null }] } }),
  },
  {
    id: 'in-form',
    title: 'an urlencoded form',
    handler: 'Answers {"month":…,"tag":[…],"note":…} with the fields of the form; tag is the list of its two values.',
    request: {
      ...{ method: 'POST', path: '/cases/in-form', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      body: 'month=2026-01&tag=a&tag=b&note=caf%C3%A9+%26+more',
    },
    expect: answers({ month: '2026-01', tag: ['a', 'b'], note: 'café & more' }),
  },
  {
    id: 'in-multipart',
    title: 'a multipart upload of a file',
    handler:
      'Answers {"title":…,"name":…,"type":…,"size":…,"sha256":…}: the text field "title", then the file field "photo" and its bytes (hex).',
    request: {
      ...{ method: 'POST', path: '/cases/in-multipart', headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` } },
      body: MULTIPART,
    },
    expect: answers({
      title: 'Holiday in Zürich',
      name: 'photo.bin',
      type: 'application/x-photo',
      size: 3_000,
      sha256: '26f5f50d2c4344321a4f0f6143020d27eeb2a093ad67ca89d6b458cc9d3ddee9',
    }),
  },
  {
    id: 'in-xml',
    title: 'XML',
    handler: 'Answers 200, application/xml, the very text of the body.',
    request: { method: 'POST', path: '/cases/in-xml', headers: { 'content-type': 'application/xml' }, body: XML },
    expect: { status: 200, headers: { 'content-type': XML_TYPE }, body: XML },
  },
  {
    id: 'in-text',
    title: 'plain text',
    handler: 'Answers {"text":<the text of the body>}.',
    request: {
      method: 'POST',
      path: '/cases/in-text',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: 'Zeile 1\nZürich\n',
    },
    expect: answers({ text: 'Zeile 1\nZürich\n' }),
  },
  {
    id: 'in-binary',
    title: '20 MB of bytes',
    handler: 'Answers {"size":…,"sha256":…} (hex) of the bytes of the body.',
    request: {
      ...{ method: 'POST', path: '/cases/in-binary', headers: { 'content-type': 'application/octet-stream' } },
      get body() {
        return pattern(20_000_000)
      },
    },
    expect: answers({ size: 20_000_000, sha256: '12cddf1efec3417e1c361910a60521902c4cc9fe391329001a2366ad6fdf6d10' }),
  },
  {
    id: 'in-nothing',
    title: 'a POST without a body',
    handler: 'Answers {"size":<bytes of the body>}.',
    request: { method: 'POST', path: '/cases/in-nothing', ...NOTHING },
    expect: answers({ size: 0 }),
  },
  {
    id: 'in-query',
    title: 'a GET with a query and repeated values',
    handler: 'Answers {"method":…,"month":…,"tag":[…],"empty":…,"q":…} from the method and the query; tag is the list of its two values.',
    request: { method: 'GET', path: '/cases/in-query?month=2026-01&tag=a&tag=b&empty=&q=a%20%26%20b', ...NOTHING },
    expect: answers({ method: 'GET', month: '2026-01', tag: ['a', 'b'], empty: '', q: 'a & b' }),
  },
  {
    id: 'in-params',
    title: 'route parameters',
    handler: 'Answers {"section":…,"page":…} from the route parameters.',
    pattern: '/cases/in-params/:section/:page',
    request: { method: 'POST', path: '/cases/in-params/reports/42?page=7', ...NOTHING },
    expect: answers({ section: 'reports', page: '42' }),
  },
  {
    id: 'in-params-encoded',
    title: 'a route parameter with escapes',
    handler: 'Answers {"section":…} from the route parameter, as the framework decodes it.',
    only: ['express', 'hono'],
    pattern: '/cases/in-params-encoded/:section',
    request: { method: 'POST', path: '/cases/in-params-encoded/caf%C3%A9%2Fbar', ...NOTHING },
    expect: answers({ section: 'café/bar' }),
  },
  {
    id: 'in-headers',
    title: 'header fields',
    handler: 'Answers {"trace":<x-trace>,"language":<accept-language>,"type":<content-type>}.',
    request: {
      ...{ method: 'POST', path: '/cases/in-headers' },
      headers: { 'content-type': 'text/x-none', 'x-trace': 'a, b', 'accept-language': 'de-CH, de;q=0.9' },
      body: '-',
    },
    expect: answers({ trace: 'a, b', language: 'de-CH, de;q=0.9', type: 'text/x-none' }),
  },
  {
    id: 'in-put',
    title: 'another method with a body, path and query as they came',
    handler: 'Answers {"method":…,"url":<path and query as the client sent them>,"body":<the parsed JSON body>}.',
    request: {
      ...{ method: 'PUT', path: '/cases/in-put?x=%2F', headers: { 'content-type': 'application/json' } },
      body: '[1]',
    },
    expect: answers({ method: 'PUT', url: '/cases/in-put?x=%2F', body: [1] }),
  },
]

/** All cases. The routes of the first two groups are `POST /cases/<id>` without a body. */
const ADAPTER_CASES: readonly AdapterCase[] = [
  ...[...ANSWERS, ...FAILURES].map((one) => ({ ...one, request: { method: 'POST', path: `/cases/${one.id}`, ...NOTHING } })),
  ...REQUESTS,
]

/** The cases that can occur with one adapter. */
export const casesFor = (adapter: Adapter): readonly AdapterCase[] => ADAPTER_CASES.filter(({ only }) => only?.includes(adapter) ?? true)

/** Where the handler of a case is mounted. */
export const patternOf = (one: AdapterCase): string => one.pattern ?? `/cases/${one.id}`
