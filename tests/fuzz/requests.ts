import fc from 'fast-check'

/** A request to throw at a server. `<id>` in a path stands for a job that is there, `<other>` for another owner's. */
export interface FuzzRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | null
}

const latin1 = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => (code === 0x7f ? '~' : String.fromCharCode(code))),
  maxLength: 40,
})
const token = fc.stringMatching(/^[!#$%&'*+.^_`|~\w-]{1,12}$/)

/** Field values: well-formed, nearly so, and noise. */
const values: Readonly<Record<string, fc.Arbitrary<string>>> = {
  prefer: fc.oneof(
    fc.constantFrom(
      'respond-async',
      'return=minimal',
      'wait=0',
      'respond-async, wait=0',
      'wait="0"; x',
      'return="minimal',
      'wait=-1',
      'wait=1e9;,,,',
      '=,=',
    ),
    fc
      .array(
        fc.tuple(token, latin1).map(([name, value]) => `${name}=${value}`),
        { maxLength: 6 },
      )
      .map((list) => list.join(',')),
    latin1,
  ),
  'idempotency-key': fc.oneof(
    fc.constantFrom('"k"', 'k', '""', '"', '"a"b"', '\t', 'a b', '"\\"'),
    fc.stringMatching(/^[\x21-\x7e]{1,300}$/),
    latin1,
  ),
  'if-none-match': fc.oneof(fc.constantFrom('W/"1"', '"1"', '*', 'W/"2", W/"3"', ',,,', '"'), latin1),
  range: fc.oneof(
    fc.constantFrom('bytes=0-', 'bytes=-1', 'bytes=-0', 'bytes=5-2', 'bytes=0-0,1-1', 'bytes=99999999999999999999-', 'bytes=-', 'rows=1-2'),
    fc.tuple(fc.nat(60), fc.nat(60)).map(([from, to]) => `bytes=${from}-${to}`),
    latin1,
  ),
  'if-range': fc.oneof(fc.constantFrom('"x"', 'Sun, 06 Nov 1994 08:49:37 GMT'), latin1),
  accept: fc.oneof(fc.constantFrom('application/json', 'text/html', 'text/event-stream', '*/*;q=0', ';;'), latin1),
  origin: fc.oneof(fc.constantFrom('https://app.example', 'null', 'https://evil.example'), latin1),
  'content-type': fc.oneof(
    fc.constantFrom('application/json', 'application/json; charset=utf-16', 'multipart/form-data', 'text/plain', ';', 'a/b/c'),
    latin1,
  ),
  'x-forwarded-host': fc.constantFrom('evil.example', 'a\\b', ''),
  'x-forwarded-proto': fc.constantFrom('javascript', 'https'),
  'last-event-id': latin1,
  'x-user': fc.constantFrom('alice', 'bob', ''),
}
const headers = fc
  .subarray(Object.keys(values), { maxLength: 6 })
  .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, values[name] as fc.Arbitrary<string>]))))
  .map((some): Record<string, string> => ({ 'x-user': 'alice', ...some }))

const segment = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('<id>', '<other>', 'result', 'cancel', 'events', '') },
  { weight: 2, arbitrary: fc.uuid() },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '..',
      '.',
      '%2e%2e',
      '%00',
      '%',
      '%zz',
      '__proto__',
      'constructor',
      'toString',
      'a'.repeat(200),
      '%F0%9F%92%A9',
      '<id>%20',
      '*',
      ':id',
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }).map(encodeURIComponent) },
)
const query = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  {
    weight: 2,
    arbitrary: fc
      .array(
        fc.tuple(
          fc.constantFrom('limit', 'cursor', 'status', 'operation', 'wait', '__proto__'),
          fc.oneof(
            fc.constantFrom(
              '0',
              '1',
              '100',
              '101',
              '-1',
              '1.5',
              'queued',
              'succeeded,failed',
              'done',
              '',
              '1_',
              '9999999999999999_x',
              '%',
              '%00',
            ),
            fc.string({ maxLength: 10 }).map(encodeURIComponent),
          ),
        ),
        { maxLength: 4 },
      )
      .map((pairs) => `?${pairs.map((pair) => pair.join('=')).join('&')}`),
  },
)
const path = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('/jobs/<id>', '/jobs/<id>/result', '/jobs/<id>/cancel', '/jobs/<other>', '/jobs') },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.array(segment, { maxLength: 3 }), query)
      .map(([segments, search]) => `/jobs${segments.map((one) => `/${one}`).join('')}${search}`),
  },
  { weight: 2, arbitrary: query.map((search) => `/work${search}`) },
  { weight: 1, arbitrary: query.map((search) => `/fails${search}`) },
)

export const requests: fc.Arbitrary<FuzzRequest> = fc.record({
  method: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('GET', 'POST', 'DELETE', 'HEAD') },
    { weight: 1, arbitrary: fc.constantFrom('PUT', 'PATCH', 'OPTIONS', 'PROPFIND') },
  ),
  path,
  headers,
  body: fc.option(
    fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.json({ maxDepth: 2 }).map((text) => new TextEncoder().encode(text)),
    ),
  ),
})

/** Every status that the protocol knows for requests like these. */
export const STATUSES = new Set([200, 202, 204, 206, 303, 304, 400, 404, 405, 409, 410, 413, 415, 416, 422, 429, 503])
