import { excerpt, type Reply } from './reply'

/** @throws {Error} that names the expected and the actual value */
export function equal(actual: unknown, expected: unknown, what = 'the value'): void {
  if (Object.is(actual, expected)) return
  throw new Error(`${what} is ${show(actual)}, not ${show(expected)}`)
}

export function ok(condition: unknown, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise)
}

export function match(actual: unknown, pattern: RegExp, what: string): void {
  if (typeof actual !== 'string' || !pattern.test(actual)) throw new Error(`${what} is ${show(actual)}, which does not match ${pattern}`)
}

export function hasStatus(reply: Reply, ...expected: number[]): void {
  if (!expected.includes(reply.status))
    throw new Error(`${reply.asked} answered ${reply.status}, not ${expected.join(' or ')}; body ${excerpt(reply.text)}`)
}

export function hasField(reply: Reply, name: string, expected: string): void {
  equal(reply.headers.get(name), expected, `${name} of ${reply.asked} (${reply.status})`)
}

export function hasNoField(reply: Reply, name: string): void {
  equal(reply.headers.get(name), null, `${name} of ${reply.asked} (${reply.status})`)
}

/** Elements of a list field, in lower case, with their parameters. */
export const elementsOf = (reply: Reply, name: string): string[] =>
  (reply.headers.get(name) ?? '')
    .split(',')
    .map((element) => element.trim().toLowerCase())
    .filter(Boolean)

/** Checks that a list field has all of these elements. */
export function lists(reply: Reply, name: string, ...expected: string[]): void {
  const listed = elementsOf(reply, name)
  for (const element of expected)
    ok(
      listed.includes(element.toLowerCase()),
      `${name} of ${reply.asked} (${reply.status}) is ${show(reply.headers.get(name))}, without ${element}`,
    )
}

/** Reads `Retry-After`, which must be whole seconds and at least 1 (RFC 9110 10.2.3): clients compute NaN otherwise, some ignore 0. */
export function retryAfterOf(reply: Reply): number {
  const field = reply.headers.get('retry-after')
  match(field, /^[1-9]\d*$/, `Retry-After of ${reply.asked} (${reply.status})`)
  return Number(field)
}

/** Checks that there is no body and no `Content-Type`, with which clients would call `JSON.parse('')`. */
export function isEmpty(reply: Reply): void {
  equal(reply.bytes.length, 0, `body size of ${reply.asked} (${reply.status})`)
  hasNoField(reply, 'content-type')
}

/** Checks that the reply is a problem document (RFC 9457) with this status and code. */
export function isProblem(reply: Reply, status: number, code: string): void {
  hasStatus(reply, status)
  match(reply.headers.get('content-type'), /^application\/problem\+json(?:;|$)/, `Content-Type of ${reply.asked} (${status})`)
  const problem = reply.problem()
  equal(problem.code, code, `code of the problem of ${reply.asked}`)
  equal(problem.status, status, `status of the problem of ${reply.asked}`)
}

/** Header fields that belong to the connection or the moment, not to the reply. */
const OF_THE_MOMENT = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding', 'age'])

/** All header fields as text, one per line, sorted, to compare replies. */
export const fieldsOf = (reply: Reply, ...but: string[]): string =>
  [...reply.headers]
    .filter(([name]) => !OF_THE_MOMENT.has(name) && !but.includes(name))
    .map(([name, value]) => `${name}: ${value}`)
    .sort()
    .join('\n')

/** Checks that two replies cannot be told apart. */
export function isSame(reply: Reply, other: Reply): void {
  equal(reply.status, other.status, `status of ${reply.asked}, compared with ${other.asked},`)
  equal(reply.text, other.text, `body of ${reply.asked}, compared with ${other.asked},`)
  equal(fieldsOf(reply), fieldsOf(other), `header of ${reply.asked}, compared with ${other.asked},`)
}

export function sameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  equal(actual.length, expected.length, `size of ${what}`)
  const at = actual.findIndex((byte, index) => byte !== expected[index])
  ok(at < 0, `${what} differs from byte ${at} on`)
}

/** How long a reply may take once there is nothing left to wait for, in milliseconds. */
const PROMPT_MS = 8_000

/** Settles as `answer`, or rejects after `PROMPT_MS`. */
export async function promptly<T>(answer: Promise<T>, what = 'the answer to the poll'): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} had not come ${PROMPT_MS} ms after there was nothing to wait for`)), PROMPT_MS)
  })
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

/** Sends a request and resolves once `size` bytes of the reply have come, to the reply, which may not be complete yet. */
export async function begun(
  ask: (heard: (size: number) => void) => Promise<Reply>,
  size: number,
  what: string,
): Promise<{ readonly reply: Promise<Reply> }> {
  let hear = () => {}
  const heard = new Promise<void>((resolve) => {
    hear = resolve
  })
  const reply = ask((came) => came >= size && hear())
  await promptly(Promise.race([heard, reply]), what)
  return { reply }
}

const show = (value: unknown): string => (typeof value === 'string' ? excerpt(value) : (JSON.stringify(value) ?? String(value)))
