import type { Body, Job, JobEvent } from '@respond-async/core'

/**
 * The head of a job as it is stored. A letter that no JSON begins with, and then the members of a JSON array, one to a line:
 *
 *     J<version>,
 *     "<status>",
 *     <owner>,
 *     <operation>,
 *     <idempotency key or null>,
 *     [revision, createdAt, attempt, maxAttempts, dispatch, and as milliseconds after createdAt:
 *       updatedAt, dueAt, startedAt, finishedAt, expiresAt],
 *     {…all other members but the id, which is in the key…}
 *     ,[{…what a claim changed…}, "<what a claim cleared>", …, "?<the call>"]     (none or more, until the next full write; an
 *       insert ends with one that changes nothing)
 *
 * The numbers are without names because they would be half of what a finished job takes.
 */
export function headOf(job: Job): string {
  const { version, status, owner, operation, idempotencyKey = null, createdAt } = job
  const rest: Record<string, unknown> = {}
  for (const name in job) {
    const value = job[name as keyof Job]
    if (!APART.has(name) && value !== undefined && !(value === null && IS_NULL.has(name))) rest[name] = value
  }
  const numbers: (number | null)[] = [job.revision, createdAt, job.attempt, job.maxAttempts, job.dispatch]
  for (const name of TIMES) {
    const after = job[name] == null ? null : (job[name] as number) - createdAt
    if (after === null || Number.isSafeInteger(after)) numbers.push(after)
    else {
      numbers.push(null)
      rest[name] = job[name] // no whole number of milliseconds away: it keeps its name, so that it comes back exactly
    }
  }
  while (numbers.at(-1) === null) numbers.pop()
  const named = `${JSON.stringify(owner)}${NEXT}${JSON.stringify(operation)}${NEXT}${JSON.stringify(idempotencyKey)}`
  return `J${version}${NEXT}"${status}"${NEXT}${named}${NEXT}${JSON.stringify(numbers)}${NEXT}${JSON.stringify(rest)}`
}
const NEXT = ',\n'
const TIMES = ['updatedAt', 'dueAt', 'startedAt', 'finishedAt', 'expiresAt'] as const
/** Members with a place of their own. */
const APART = new Set<string>([
  ...['id', 'version', 'status', 'owner', 'operation', 'idempotencyKey', 'requestBody', 'responseBody'],
  ...['revision', 'createdAt', 'attempt', 'maxAttempts', 'dispatch', ...TIMES],
])
/** Members that are `null` where they are not named. */
const IS_NULL = new Set(['request', 'response'])

type Numbers = [number, number, number, number, number, ...(number | null)[]]
type Claim = [Partial<Job>, ...string[]]
type Lines = [number, Job['status'], string | null, string, string | null, Numbers, Partial<Job>, ...Claim[]]

/** @throws {SyntaxError} where the text is no such head. */
export function jobOf(id: string, text: string): Job {
  if (text[0] !== 'J') throw new SyntaxError('no head of a job')
  return assemble(id, JSON.parse(`[${text.slice(1)}]`) as Lines) // written by `headOf`
}

/** From the form in which scripts answer jobs that were not asked for by id: `I<id>` and the lines. */
export function foundJobOf(text: string): Job {
  const end = text.indexOf(NEXT)
  return assemble(text.slice(1, end), JSON.parse(`[${text.slice(end + 2)}]`) as Lines) // as above
}

/** Times and claims by index: a rest pattern would make a list anew, and this is what a poll costs. */
function assemble(id: string, lines: Lines): Job {
  const [version, status, owner, operation, idempotencyKey, numbers, rest] = lines
  const createdAt = numbers[1]
  const job: Record<string, unknown> = {
    id,
    version,
    revision: numbers[0],
    operation,
    owner,
    status,
    createdAt,
    dueAt: null,
    attempt: numbers[2],
    maxAttempts: numbers[3],
    dispatch: numbers[4],
    request: null,
    response: null,
  }
  for (let n = 0; n < TIMES.length; n++) {
    const after = numbers[5 + n] ?? null
    if (after !== null) job[TIMES[n] as string] = createdAt + after
  }
  if (idempotencyKey !== null) job.idempotencyKey = idempotencyKey
  Object.assign(job, rest)
  for (let n = 7; n < lines.length; n++) {
    const [changes, ...cleared] = lines[n] as Claim
    Object.assign(job, changes)
    for (const name of cleared) delete job[name]
  }
  return job as unknown as Job // every member that `headOf` took apart is back
}

/** The head of a new job, and which call it is that inserts it. */
export const newHeadOf = (job: Job): string => `${headOf(job)}${NEXT}[{},"${callName()}"]`

/** What a claim changes, for the end of a head. Version and status stand in its first lines. */
export function changesOf({ version: _version, status: _status, ...changes }: Partial<Job>): string {
  const cleared = Object.entries(changes).flatMap(([name, value]) => (value === undefined ? [name] : []))
  return JSON.stringify([changes, ...cleared, callName()])
}

/**
 * A name of no member, another in each call, that is cleared with the others: a command that a client sends again finds its own, and one
 * of somebody who wants the very same does not.
 */
const callName = (): string => `?${crypto.randomUUID().slice(0, 8)}`

/** `E<version> <JSON>`: the scripts need the version alone. */
export const lineOf = (event: JobEvent): string => `E${event.version} ${JSON.stringify(event)}`
export const eventOf = (line: string): JobEvent => JSON.parse(line.slice(line.indexOf(' ') + 1)) as JobEvent // written by `lineOf`

/** Whether a client carries bytes; one that speaks JSON does not. */
export type Carries = 'bytes' | 'text'

/**
 * A body with one character before it that says what it is: `T` text, as nearly all are, and as cheap as it can be; `B` bytes;
 * `X` bytes in base64, where the client carries text alone.
 */
export function encodeBody(body: Body, carries: Carries): string | Uint8Array {
  if (typeof body === 'string')
    return carries === 'bytes' || !/\p{Surrogate}/u.test(body) ? `T${body}` : `X${toBase64(encoder.encode(body))}`
  if (carries === 'text') return `X${toBase64(body)}`
  const marked = new Uint8Array(body.length + 1)
  marked[0] = 66 // B
  marked.set(body, 1)
  return marked
}

/** @throws {SyntaxError} where it is no such body. */
export function decodeBody(stored: string | Uint8Array): Body {
  const mark = typeof stored === 'string' ? stored[0] : String.fromCharCode(stored[0] ?? 0)
  if (mark === 'T') return typeof stored === 'string' ? stored.slice(1) : decoder.decode(stored.subarray(1))
  if (mark === 'X') return fromBase64(typeof stored === 'string' ? stored.slice(1) : decoder.decode(stored.subarray(1)))
  if (mark === 'B' && typeof stored !== 'string') return new Uint8Array(stored.subarray(1)) // a copy, and no Buffer
  throw new SyntaxError('no body of a job, or one of bytes that this client cannot read')
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** In pieces: one call takes so many arguments only. 24 KiB are a multiple of 3, so that no padding falls between. */
function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 24_576) text += btoa(String.fromCharCode(...bytes.subarray(at, at + 24_576)))
  return text
}
function fromBase64(text: string): Uint8Array {
  const raw = atob(text)
  const bytes = new Uint8Array(raw.length)
  for (let at = 0; at < raw.length; at++) bytes[at] = raw.charCodeAt(at)
  return bytes
}
