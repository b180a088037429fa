import type { Body, Job, JobEvent } from '@respond-async/core'

/**
 * The head of a job as it is stored: a letter with which no JSON begins, then the members of a JSON array, one per line:
 *
 *     J<version>,
 *     "<status>",
 *     <owner>,
 *     <operation>,
 *     <idempotency key or null>,
 *     [revision, createdAt, attempt, maxAttempts, dispatch, and as milliseconds after createdAt:
 *       updatedAt, dueAt, startedAt, finishedAt, expiresAt],
 *     {…all other members but the id, which is in the key…}
 *     ,[{…what a claim changed…}, "<what a claim cleared>", …, "?<the call>"]     (any number, until the next full write; an
 *       insert ends with one that changes nothing)
 *
 * The numbers have no names, because names would take half of the size of a finished job.
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
      rest[name] = job[name] // not a safe integer: stored under its name, so that it is read back exactly
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
/** Members that are `null` if they are not named. */
const IS_NULL = new Set(['request', 'response'])

type Numbers = [number, number, number, number, number, ...(number | null)[]]
type Claim = [Partial<Job>, ...string[]]
type Lines = [number, Job['status'], string | null, string, string | null, Numbers, Partial<Job>, ...Claim[]]

/** @throws {SyntaxError} if the text is not a head */
export function jobOf(id: string, text: string): Job {
  if (text[0] !== 'J') throw new SyntaxError('not the head of a job')
  return assemble(id, JSON.parse(`[${text.slice(1)}]`) as Lines) // written by `headOf`
}

/** Reads a job from the reply of a script that was not called with its id: `I<id>` and the lines. */
export function foundJobOf(text: string): Job {
  const end = text.indexOf(NEXT)
  return assemble(text.slice(1, end), JSON.parse(`[${text.slice(end + 2)}]`) as Lines) // as above
}

/** Reads times and claims by index, because a rest pattern would copy the list, and every poll runs this. */
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
  return job as unknown as Job // has every member that `headOf` stored
}

/** The head of a new job, with the name of the call that inserts it. */
export const newHeadOf = (job: Job): string => `${headOf(job)}${NEXT}[{},"${callName()}"]`

/** The changes of a claim, to be appended to a head, whose first lines have version and status. */
export function changesOf({ version: _version, status: _status, ...changes }: Partial<Job>): string {
  const cleared = Object.entries(changes).flatMap(([name, value]) => (value === undefined ? [name] : []))
  return JSON.stringify([changes, ...cleared, callName()])
}

/**
 * A unique name for a call, stored as the name of a cleared member that does not exist. A command that a client sends again recognizes its
 * own write by it, and the same command from another caller does not.
 */
const callName = (): string => `?${crypto.randomUUID().slice(0, 8)}`

/** An event as `E<version> <JSON>`: the scripts read only the version. */
export const lineOf = (event: JobEvent): string => `E${event.version} ${JSON.stringify(event)}`
export const eventOf = (line: string): JobEvent => JSON.parse(line.slice(line.indexOf(' ') + 1)) as JobEvent // written by `lineOf`

/** What a client can transfer: bytes, or only text if its protocol is JSON. */
export type Carries = 'bytes' | 'text'

/**
 * A body with a prefix of one character: `T` for text, as nearly all are; `B` for bytes; `X` for base64, if the client transfers only
 * text.
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

/** @throws {SyntaxError} if it is not such a body */
export function decodeBody(stored: string | Uint8Array): Body {
  const mark = typeof stored === 'string' ? stored[0] : String.fromCharCode(stored[0] ?? 0)
  if (mark === 'T') return typeof stored === 'string' ? stored.slice(1) : decoder.decode(stored.subarray(1))
  if (mark === 'X') return fromBase64(typeof stored === 'string' ? stored.slice(1) : decoder.decode(stored.subarray(1)))
  if (mark === 'B' && typeof stored !== 'string') return new Uint8Array(stored.subarray(1)) // a copy, not a Buffer
  throw new SyntaxError('not the body of a job, or one in bytes that this client cannot read')
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Encodes in pieces, because a call takes a limited number of arguments. 24 KiB is a multiple of 3, so there is no padding between. */
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
