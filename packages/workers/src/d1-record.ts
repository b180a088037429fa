import { type Body, type Job, JobsError, sizeOf } from '@respond-async/core'

/** Largest head, in bytes: a row takes 2 MB, and has owner, key and operation twice. */
export const MAX_RECORD_BYTES = 900_000
/** Largest body in a row, in bytes: it may be sent as twice as many hexadecimal digits. Core puts larger ones into `blobs`. */
export const MAX_BODY_BYTES = 900_000

export const KINDS = ['requestBody', 'responseBody'] as const

/** Owner as a column: different for all owners, and never NULL, which a unique index does not compare. */
export const ownerColumn = (owner: string | null): string => (owner === null ? '' : `=${owner}`)

/** The head as JSON. @throws {JobsError} `too_large` for it or a body */
export function headOf({ requestBody, responseBody, ...rest }: Job): string {
  const head = JSON.stringify(rest)
  if (sizeOf(head) > MAX_RECORD_BYTES) throw tooLarge(`In D1 a job may have at most ${MAX_RECORD_BYTES} bytes, besides its bodies.`)
  for (const body of [requestBody, responseBody])
    if (body && sizeOf(body) > MAX_BODY_BYTES)
      throw tooLarge(`In a row of D1 a body may have at most ${MAX_BODY_BYTES} bytes; larger ones belong in blobs.`)
  return head
}
const tooLarge = (message: string) => new JobsError('too_large', message)

/** Members that a claim changes, as JSON to be merged with those of earlier claims: `[value]`, or `[]` for a member that is cleared. */
export const changesOf = (changes: Partial<Job>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, value === undefined ? [] : [value]])))

/** The job in a row. */
export function jobOf({ head, changes }: Record<string, unknown>): Job {
  const job = JSON.parse(head as string)
  if (typeof changes === 'string')
    for (const [name, [value]] of Object.entries(JSON.parse(changes) as Record<string, [unknown?]>)) job[name] = value
  return job
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Methods that every current workerd has, but the types do not yet. */
interface Hexadecimal {
  toHex(): string
}
interface HexadecimalConstructor {
  fromHex(digits: string): Uint8Array
}

/**
 * A body as two values for {@link writtenData}. Bytes that are UTF-8 are stored and read as text, which is the same on the wire. Others
 * are sent as hexadecimal digits: D1 would send a list of numbers, which takes eight times as long.
 */
export function dataOf(body: Body): readonly [data: string, isBytes: 0 | 1] {
  if (typeof body === 'string') return [body, 0]
  try {
    return [strict.decode(body), 0]
  } catch {
    return [(body as Uint8Array & Hexadecimal).toHex(), 1] // not UTF-8
  }
}
export const writtenData = (data: string, isBytes: string): string => `iif(${isBytes}, unhex(${data}), ${data})`

/** Reads the column `data` as a letter for its kind, `x` or `t`, followed by hexadecimal digits or text. */
export const READ_DATA = "iif(typeof(data) = 'blob', 'x' || hex(data), 't' || data)"
export function bodyOf(read: unknown): Body | null {
  if (typeof read !== 'string') return null
  const data = read.slice(1)
  return read.startsWith('x') ? (Uint8Array as unknown as HexadecimalConstructor).fromHex(data) : data
}
