import { type Body, type Job, JobsError, sizeOf } from '@respond-async/core'

/** Largest head: a row takes 2 MB, and owner, key and operation are in it twice. */
export const MAX_RECORD_BYTES = 900_000
/** Largest body in a row of its own, which travels as up to twice as many digits; core puts larger ones into `blobs`. */
export const MAX_BODY_BYTES = 900_000

export const KINDS = ['requestBody', 'responseBody'] as const

/** No two owners are the same to a unique index, and none is NULL, which is never the same as anything. */
export const ownerColumn = (owner: string | null): string => (owner === null ? '' : `=${owner}`)

/** A head as it is stored. @throws {JobsError} `too_large` */
export function headOf({ requestBody, responseBody, ...rest }: Job): string {
  const head = JSON.stringify(rest)
  if (sizeOf(head) > MAX_RECORD_BYTES) throw tooLarge(`A job of ${MAX_RECORD_BYTES} bytes at most is kept in D1, besides its bodies.`)
  for (const body of [requestBody, responseBody])
    if (body && sizeOf(body) > MAX_BODY_BYTES)
      throw tooLarge(`Bodies of ${MAX_BODY_BYTES} bytes at most are kept in a row of D1; larger ones belong into blobs.`)
  return head
}
const tooLarge = (message: string) => new JobsError('too_large', message)

/** Members that a claim changes, to be merged over those of earlier ones: a list of the value, or an empty one where it is cleared. */
export const changesOf = (changes: Partial<Job>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, value === undefined ? [] : [value]])))

/** The job of a row that this store has written. */
export function jobOf({ head, changes }: Record<string, unknown>): Job {
  const job = JSON.parse(head as string)
  if (typeof changes === 'string')
    for (const [name, [value]] of Object.entries(JSON.parse(changes) as Record<string, [unknown?]>)) job[name] = value
  return job
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What every workerd of today can do, and the types do not know yet. */
interface Hexadecimal {
  toHex(): string
}
interface HexadecimalConstructor {
  fromHex(digits: string): Uint8Array
}

/**
 * A body as two values, and where it is written. What is text goes as text, and comes back as text, which is the same on the wire.
 * Other bytes go as hexadecimal digits: left to itself D1 would send a list of numbers, which takes eight times as long.
 */
export function dataOf(body: Body): readonly [data: string, isBytes: 0 | 1] {
  if (typeof body === 'string') return [body, 0]
  try {
    return [strict.decode(body), 0]
  } catch {
    return [(body as Uint8Array & Hexadecimal).toHex(), 1] // bytes that are no UTF-8
  }
}
export const writtenData = (data: string, isBytes: string): string => `iif(${isBytes}, unhex(${data}), ${data})`

/** The column `data` as it is read: its kind in one letter, and the text or the digits. */
export const READ_DATA = "iif(typeof(data) = 'blob', 'x' || hex(data), 't' || data)"
export function bodyOf(read: unknown): Body | null {
  if (typeof read !== 'string') return null
  const data = read.slice(1)
  return read.startsWith('x') ? (Uint8Array as unknown as HexadecimalConstructor).fromHex(data) : data
}
