import fc from 'fast-check'

/** What random handlers and requests are made of, wherever there are a Web `Request` and `Response`. */

/** Something that a handler does: its name and its arguments, so that a counterexample can be read. */
export type Call = readonly [name: string, ...args: unknown[]]
export const call = (name: string, ...args: fc.Arbitrary<unknown>[]) =>
  fc.tuple(fc.constant(name), ...args) as unknown as fc.Arbitrary<Call>

export const value = fc.constantFrom('a', 'b=1', 'text/plain')
export const text = fc.constantFrom('', 'a', 'Grüße', '{"a":1}', 'long '.repeat(1_000))
export const json = fc.constantFrom<unknown>({ a: 'ü' }, null, [1], 'text')
export const status = fc.constantFrom(200, 201, 204, 205, 304, 404, 500)
const field = fc.constantFrom('X-Init', 'x-init', 'Content-Type', 'Cache-Control', 'ETag')
export const fields = fc.dictionary(field, value, { maxKeys: 2 })
export const init = fc.record({ status, headers: fields }, { requiredKeys: [] })

const bytes = new TextEncoder().encode('some bytes')
const BODIES: Record<string, () => BodyInit | null> = {
  none: () => null,
  text: () => 'Grüße',
  blob: () => new Blob(['a blob'], { type: 'image/x-own' }),
  'blob without type': () => new Blob(['a blob']),
  form: () => {
    const form = new FormData()
    form.append('a', '1')
    form.append('f', new File(['of a file'], 'f.txt', { type: 'text/plain' }))
    return form
  },
  query: () => new URLSearchParams({ a: '1', b: 'ü' }),
  buffer: () => bytes.slice().buffer,
  part: () => bytes.subarray(2, 5),
  view: () => new DataView(bytes.buffer, 1, 3),
  stream: () => new Blob(['a ', 'stream']).stream(),
  'no bytes': () => new Uint8Array(),
}
/** A kind of body, for {@link bodyOf}: bodies themselves could be sent once, and not be printed. */
export const body = fc.constantFrom(...Object.keys(BODIES))
export const bodyOf = (kind: unknown) => (BODIES[String(kind)] as () => BodyInit | null)()

/** Header fields that occur more than once. */
export const repeatedFields = () =>
  new Headers([
    ['set-cookie', 'a=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT'],
    ['set-cookie', 'b=2'],
    ['vary', 'A'],
    ['vary', 'B'],
  ])

/** A stream of these pieces. @param turn waited for before each one */
export function inPieces(pieces: readonly string[], turn: () => Promise<unknown>): ReadableStream<Uint8Array> {
  const left = [...pieces]
  return new ReadableStream({
    async pull(controller) {
      await turn()
      const piece = left.shift()
      if (piece === undefined) controller.close()
      else controller.enqueue(new TextEncoder().encode(piece))
    },
  })
}

export const READS = ['json', 'text', 'formData', 'arrayBuffer', 'blob', 'bytes'] as const

const REQUESTS: Record<string, () => RequestInit> = {
  nothing: () => ({}),
  json: () => ({ body: '{"a":"ü"}', headers: { 'content-type': 'application/json' } }),
  'no JSON': () => ({ body: '{', headers: { 'content-type': 'application/json' } }),
  text: () => ({ body: '\ufeffGrüße' }),
  query: () => ({ body: new URLSearchParams('a=1&a=2&b.c=%C3%BC') }),
  form: () => ({ body: bodyOf('form') }),
  bytes: () => ({ body: new Uint8Array([0, 13, 10, 0xc3, 0xbc]), headers: { 'content-type': 'application/octet-stream' } }),
}
/** A method and a kind of request, for {@link requestOf}. */
export const sent = fc.tuple(fc.constantFrom('POST', 'POST', 'PUT', 'GET'), fc.constantFrom(...Object.keys(REQUESTS)))
export function requestOf([method, kind]: readonly [string, string]): RequestInit {
  const { body, headers } = (REQUESTS[kind] as () => RequestInit)()
  const all = new Headers(headers)
  all.set('x-sent', 'yes')
  return { method, headers: all, ...(method !== 'GET' && { body }) }
}

/** A text without what is made anew for each form, and what names the route. */
const same = (text: string) =>
  text.replaceAll(/-+formdata-undici-\d+|\b[0-9a-f]{32}\b/g, '<boundary>').replaceAll(/\/(direct|wrapped-\w+)/g, '/<route>')

export const FAILED = 'failed'
/** What a handler has seen, as it can be compared, up to what it could not read. */
function seenBy(seen: readonly (readonly unknown[])[]): unknown[] {
  const failed = seen.findIndex(([, got]) => got === FAILED)
  return JSON.parse(same(JSON.stringify(failed < 0 ? seen : seen.slice(0, failed))))
}

/** A value that was read, as it can be compared. */
export async function plain(read: unknown): Promise<unknown> {
  if (read instanceof Blob) return [read.size && read.type, await read.text(), (read as Partial<File>).name]
  if (read instanceof ArrayBuffer || read instanceof Uint8Array) return new TextDecoder('latin1').decode(read)
  if (read instanceof FormData) return Promise.all([...read].map(async ([key, one]) => [key, await plain(one)]))
  if (typeof read !== 'object' || read === null) return read
  return Promise.all(Object.entries(read).map(async ([key, one]) => [key, await plain(one)]))
}

/** Header fields of the connection and of the server, and those that a result has besides. */
const OTHERS = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date', 'sunset', 'accept-ranges'])

/** An answer, and what the handler has seen meanwhile. */
export interface Answered {
  readonly status: number
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
  readonly seen: readonly unknown[]
}
export async function answered(response: Response, seen: readonly (readonly unknown[])[]): Promise<Answered> {
  const body = same(new TextDecoder('latin1').decode(await response.arrayBuffer()))
  const fields: [string, string][] = []
  for (const [name, value] of response.headers) if (!OTHERS.has(name)) fields.push([name, same(value).replace('; charset', ';charset')])
  return { status: response.status, fields, body, seen: seenBy(seen) }
}
export const without = (answer: Answered, field: string): Answered => ({
  ...answer,
  fields: answer.fields.filter(([name]) => name !== field),
})
export const fieldOf = ({ fields }: Answered, field: string) => fields.find(([name]) => name === field)?.[1]

/** A wrapped answer as it can be compared: a request may be read where the unwrapped one cannot, and a job makes its result private. */
export function comparable(answer: Answered, direct: Answered, isResult: boolean): Answered {
  const { seen } = answer
  const isPrivate = isResult && fieldOf(direct, 'cache-control') === undefined
  return { ...(isPrivate ? without(answer, 'cache-control') : answer), seen: seen.slice(0, direct.seen.length) }
}
