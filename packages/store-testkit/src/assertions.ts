import { type Body, bytesOf, isJobsError, type Job, type JobEvent, type JobsErrorCode } from '@respond-async/core'

/** @throws {Error} with the message `what` */
export function ok(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(what)
}

/** Deep equality of data: an absent member equals an undefined one, `null` equals neither, bytes compare by content. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  const found = difference(actual, expected, '')
  if (found) throw new Error(`${what}: ${found}`)
}

/** Checks a full job: its head exactly, its bodies byte by byte. */
export function sameJob(actual: Job | null | undefined, expected: Job, what: string): void {
  ok(actual, `${what}: expected job ${expected.id}, got ${actual}`)
  equal(headOf(actual), headOf(expected), what)
  for (const name of BODIES) sameBody(actual[name], expected[name], `${what}: ${name}`)
}

/** Checks a job that was read as a head: bodies may be missing, but not wrong. */
export function sameHead(actual: Job | null | undefined, expected: Job, what: string): void {
  ok(actual, `${what}: expected job ${expected.id}, got ${actual}`)
  equal(headOf(actual), headOf(expected), what)
  for (const name of BODIES)
    if (actual[name] !== undefined) sameBody(actual[name], expected[name], `${what}: ${name} of a head (undefined says "not loaded")`)
}

/** Checks a body: text and bytes are equal if they are the same on the wire. No body may be read as `null` or `undefined`. */
export function sameBody(actual: unknown, expected: Body | null | undefined, what: string): void {
  if (expected === null || expected === undefined)
    return ok(actual === null || actual === undefined, `${what}: expected none, got ${show(actual)}`)
  ok(typeof actual === 'string' || actual instanceof Uint8Array, `${what}: expected a string or a Uint8Array, got ${show(actual)}`)
  equal(bytesOf(actual), bytesOf(expected), what)
}

export const sameIds = (actual: readonly Job[], expected: readonly Job[], what: string): void =>
  equal(
    actual.map(({ id }) => id),
    expected.map(({ id }) => id),
    what,
  )

export const sameVersions = (actual: readonly JobEvent[], expected: readonly number[], what: string): void =>
  equal(
    actual.map(({ version }) => version),
    expected,
    what,
  )

/** Checks that a promise rejects with a `JobsError` of this code, which core distinguishes from an outage. */
export async function refuses(code: JobsErrorCode, action: () => Promise<unknown>, what: string): Promise<void> {
  let answer: unknown
  try {
    answer = await action()
  } catch (error) {
    if (isJobsError(error, code)) return
    throw new Error(`${what}: expected a JobsError "${code}" of @respond-async/core, got ${String(error)}`, { cause: error })
  }
  throw new Error(`${what}: expected a JobsError "${code}", but it resolved to ${show(answer)}`)
}

const BODIES = ['requestBody', 'responseBody'] as const
const headOf = ({ requestBody: _request, responseBody: _response, ...head }: Job) => head

/** The first difference between `actual` and `expected`, in words. */
function difference(actual: unknown, expected: unknown, path: string): string | undefined {
  if (Object.is(actual, expected)) return undefined
  const at = path === '' ? '' : `${path} `
  const differs = () => `${at}should be ${show(expected)}, is ${show(actual)}`
  if (actual instanceof Uint8Array && expected instanceof Uint8Array) {
    if (actual.length !== expected.length) return `${at}should have ${expected.length} bytes, has ${actual.length}`
    for (let at = 0; at < expected.length; at++)
      if (actual[at] !== expected[at]) return `${path} should have the byte ${expected[at]} at ${at}, has ${actual[at]}`
    return undefined
  }
  if (!isPlain(actual) || !isPlain(expected) || Array.isArray(actual) !== Array.isArray(expected)) return differs()
  if (Array.isArray(expected) && Object(actual).length !== expected.length) return differs()
  for (const name of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const found = difference(actual[name], expected[name], path === '' ? name : `${path}.${name}`)
    if (found) return found
  }
  return undefined
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array)

function show(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`
  const text = (typeof value === 'number' ? undefined : JSON.stringify(value)) ?? String(value)
  return text.length > 120 ? `${text.slice(0, 120)}… (${text.length} characters)` : text
}
