/**
 * The audit target: handlers that a server under test wraps, so that audits can make jobs of any kind.
 *
 * Independent of frameworks, Web standards only, one file: targets for Express, Hono and Workers differ only in how they read a request
 * and write a {@link PlannedResponse}. The contract in prose is in this package's README.
 */

/** Request header with the owner of an audit's jobs: the `owner` option of every set reads it. */
export const OWNER_HEADER = 'x-audit-owner'
/** Sent with any value to `/audit/validated`: a middleware in front of the wrapped handler then answers {@link refusal}. */
export const REFUSE_HEADER = 'x-audit-refuse'
/** The one origin that CORS is on for. */
export const AUDIT_ORIGIN = 'https://page.audit.example'
/** Scheme and host of the set that has a `baseUrl`. */
export const AUDIT_BASE_URL = 'https://api.audit.example'
/** Most unfinished jobs of one owner in the set `jobs`. */
export const MAX_PER_OWNER = 8
/** Largest request body of `/audit/small` and largest result of `/audit/bounded`, in bytes. */
export const SMALL_BYTES = 1_024
/** How long the wrapped handler of `/audit/after` may take before the answer is 202, in milliseconds. */
export const AFTER_MS = 3_000
/** Longest hold of a job, in milliseconds: a target that lost its auditor comes to rest by itself, also within `waitUntil`. */
const HOLD_MS = 20_000
/** How often a gate is polled, in milliseconds. Polled, because on Workers one request may not wake another. */
const LOOK_MS = 10

/** Features that a target may lack. An audit that needs a missing one is skipped, with the feature as its reason. */
export const FEATURES = [
  /** `POST /audit/release/:token` ends a hold: handlers and this route share memory. */
  'release',
  /** Jobs belong to the owner in {@link OWNER_HEADER}. */
  'owner',
  /** There is a list route. */
  'list',
  /** Options and routes of the set `jobs`. */
  'cors',
  'owner-limit',
  'body-limit',
  'idempotency-required',
  'preferred',
  'after',
  'expiry',
  'delayed',
  'retries',
  'time-limit',
  'estimate',
  'result-limit',
  'echo',
  'validated',
  /** A handler writes its response in pieces, see {@link PlannedResponse} `pieces`. */
  'stream',
  /** Browsers get a page at the status URL. */
  'page',
  /** The other sets. */
  'redirect',
  'inline',
  'pending-200',
  'base-url',
  'tombstone',
  'queue-limit',
  'draining',
] as const
export type Feature = (typeof FEATURES)[number]

/** Options that `respondAsync` gets, by the names it has for them. */
export interface AuditRouteOptions {
  readonly when?: 'preferred' | { readonly afterMs: number }
  readonly idempotency?: 'required'
  readonly retries?: number
  readonly backoffMs?: number
  readonly maxRunMs?: number
  readonly maxBodyBytes?: number
  readonly maxResultBytes?: number
  readonly resultTtlMs?: number
  readonly delayMs?: number
  readonly estimateMs?: number
}

/** One `createJobs` of the target. */
export interface AuditSet {
  /** Path of its job routes, below the target's prefix, if any. */
  readonly path: string
  /** Options for `createJobs`; also needed are an `owner` that reads {@link OWNER_HEADER}, and `path` if there is a prefix. */
  readonly options: {
    readonly cors?: readonly string[]
    readonly cancelGraceMs?: number
    readonly tombstoneMs?: number
    readonly maxPerOwner?: number
    readonly onComplete?: 'redirect' | 'inline'
    readonly pendingStatus?: 200
    readonly baseUrl?: string
  }
  /** Options for `inProcess()`. Concurrent audits hold jobs, so an engine with a limit needs room for this many. */
  readonly engine?: { readonly concurrency: number; readonly maxQueued: number }
  /** `jobs.stop()` must be called after set-up, so that nothing is accepted. */
  readonly stopped?: true
  /** Wrapped handlers: `POST /audit/<name>`, with the operation `audit-<name>`. */
  readonly routes: Readonly<Record<string, AuditRouteOptions>>
}

const room = { concurrency: 200, maxQueued: 200 }

/**
 * All sets that a target can have. The set `jobs` is required; each of the others is a feature. On Workers, where a cancel reaches a
 * handler with its heartbeat, `createJobs` also needs a `leaseMs` of about 3_000.
 */
export const AUDIT_SETS = {
  jobs: {
    path: '/jobs',
    options: { cors: [AUDIT_ORIGIN], cancelGraceMs: 2_000, maxPerOwner: MAX_PER_OWNER },
    engine: room,
    routes: {
      work: {},
      small: { maxBodyBytes: SMALL_BYTES },
      bounded: { maxResultBytes: SMALL_BYTES },
      keyed: { idempotency: 'required' },
      preferred: { when: 'preferred' },
      after: { when: { afterMs: AFTER_MS } },
      brief: { resultTtlMs: 1_000 },
      delayed: { delayMs: 600_000 },
      retried: { retries: 1, backoffMs: 1 },
      limited: { maxRunMs: 300 },
      estimated: { estimateMs: 30_000 },
      /** Answers {@link echo} instead of running a plan. */
      echo: {},
      /** Behind a middleware that answers {@link refusal} when {@link REFUSE_HEADER} was sent. */
      validated: {},
    },
  },
  redirect: { path: '/redirect-jobs', options: { onComplete: 'redirect' }, engine: room, routes: { redirect: {} } },
  inline: { path: '/inline-jobs', options: { onComplete: 'inline' }, engine: room, routes: { inline: {} } },
  pending: { path: '/pending-jobs', options: { pendingStatus: 200 }, engine: room, routes: { pending: {} } },
  absolute: { path: '/absolute-jobs', options: { baseUrl: AUDIT_BASE_URL }, engine: room, routes: { absolute: {} } },
  forgetful: { path: '/forgetful-jobs', options: { tombstoneMs: 1_000 }, engine: room, routes: { forgetful: {} } },
  crowded: { path: '/crowded-jobs', options: {}, engine: { concurrency: 1, maxQueued: 0 }, routes: { crowded: {} } },
  stopped: { path: '/stopped-jobs', options: {}, stopped: true, routes: { stopped: {} } },
} as const satisfies Record<string, AuditSet>
export type AuditRoute = { [Name in keyof typeof AUDIT_SETS]: keyof (typeof AUDIT_SETS)[Name]['routes'] }[keyof typeof AUDIT_SETS]

/** JSON body of `GET /audit`: tells the auditor the target's features. */
export const describeTarget = (features: readonly Feature[]): { features: readonly Feature[] } => ({ features })

/** What a wrapped handler has to do, in this order: the JSON body of a request to it. Without a body it answers at once. */
export interface AuditPlan {
  /** Progress to report first, one after another: percentage and message. */
  readonly progress?: readonly (readonly [percentComplete: number, message?: string])[]
  /** Then this many steps of `stepMs` each (default 10), with progress reported after each. */
  readonly steps?: number
  readonly stepMs?: number
  /** Then wait until this token is released, or the job's signal aborts; at most 20 s. */
  readonly hold?: string
  /** What to do when the signal aborts: throw (default), respond, or ignore it and wait on. */
  readonly onAbort?: 'throw' | 'respond' | 'ignore'
  /** Then throw, up to and including the attempt of this number. */
  readonly failAttempts?: number
  /** Then throw this. */
  readonly throw?: { readonly message: string; readonly expose?: boolean; readonly status?: number; readonly code?: string }
  /** Then answer. @default 200, `{"ok":true}` as application/json */
  readonly respond?: PlannedAnswer
}

export interface PlannedAnswer {
  readonly status?: number
  /** Pairs, so that a field can occur twice. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly text?: string
  readonly base64?: string
  /** A second piece of the body, sent once the token is released; with `throw` the body breaks off there. */
  readonly rest?: { readonly hold: string; readonly text?: string; readonly throw?: string }
}

/** What the target must send: the status, the header fields (each appended), the bytes. `body: null`: no body, no content-type. */
export interface PlannedResponse {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string | Uint8Array | null
  /** Body in place of `body`, to be written as it comes; an error breaks off the response. Feature `stream`. */
  readonly pieces?: AsyncIterable<Uint8Array>
}

/** The part of `req.job`, `c.get('job')` or `request.job` that a plan needs. */
export interface AuditJob {
  readonly attempt: number
  readonly signal: AbortSignal
  progress(percentComplete: number, message?: string): Promise<void>
}

/**
 * The wrapped handler of every route but `echo`: carries out the plan and returns what to send.
 *
 * @param input the request body: text, bytes, or parsed JSON; nothing, `''` and `{}` are the empty plan
 * @param job `undefined` if the handler runs unwrapped (`/audit/preferred` without the preference)
 * @throws what the plan says; the handler must rethrow it
 */
export async function runPlan(input: unknown, job?: AuditJob): Promise<PlannedResponse> {
  const plan = readPlan(input)
  if (!plan) return { status: 400, headers: [['content-type', 'text/plain']], body: 'not a plan' }
  for (const [percentComplete, message] of plan.progress ?? []) await job?.progress(percentComplete, message)
  const { steps = 0, stepMs = 10, onAbort = 'throw' } = plan
  for (let step = 1; step <= steps; step++) {
    await pause(stepMs)
    if (onAbort === 'throw') job?.signal.throwIfAborted()
    await job?.progress((100 * step) / steps)
  }
  if (plan.hold !== undefined) await held(plan.hold, onAbort, job?.signal)
  if ((job?.attempt ?? 1) <= (plan.failAttempts ?? 0)) throw new Error('failed as planned')
  if (plan.throw) throw Object.assign(new Error(plan.throw.message), plan.throw)
  const answer: PlannedAnswer = plan.respond ?? { headers: [['content-type', 'application/json']], text: '{"ok":true}' }
  const { status = 200, headers, text, base64, rest } = answer
  if (rest) return { status, headers: headers ?? [], body: null, pieces: inPieces(text ?? '', rest, onAbort, job?.signal) }
  return { status, headers: headers ?? [], body: base64 === undefined ? (text ?? null) : fromBase64(base64) }
}

/** The wrapped handler of `/audit/echo`: returns the bytes it received, their media type, and the query. */
export const echo = (request: { query: string; contentType: string | null; body: Uint8Array }): PlannedResponse => ({
  status: 200,
  headers: [
    ['content-type', request.contentType ?? 'application/octet-stream'],
    ['x-audit-query', request.query],
  ],
  body: request.body,
})

/** What the middleware in front of `/audit/validated` answers when {@link REFUSE_HEADER} was sent. */
export const refusal = (): PlannedResponse => ({ status: 422, headers: [['content-type', 'text/plain']], body: 'refused by a validator' })

const released = new Set<string>()

/** `POST /audit/release/:token`: ends the hold, also one that has not begun. Answer 204. */
export function release(token: string): void {
  released.add(token)
  for (const oldest of released) {
    if (released.size <= 1_000) return
    released.delete(oldest)
  }
}

async function* inPieces(
  text: string,
  rest: NonNullable<PlannedAnswer['rest']>,
  onAbort: 'throw' | 'respond' | 'ignore',
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  yield encoder.encode(text)
  await held(rest.hold, onAbort, signal)
  if (rest.throw !== undefined) throw new Error(rest.throw)
  yield encoder.encode(rest.text)
}

async function held(token: string, onAbort: 'throw' | 'respond' | 'ignore', signal: AbortSignal | undefined): Promise<void> {
  for (const until = Date.now() + HOLD_MS; !released.has(token); await pause(LOOK_MS)) {
    if (onAbort === 'throw') signal?.throwIfAborted()
    if (onAbort === 'respond' && signal?.aborted) return
    if (Date.now() > until) throw new Error(`nobody released ${token}`)
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** The plan, or `null` when the body is none. */
function readPlan(input: unknown): AuditPlan | null {
  const text = input instanceof Uint8Array ? new TextDecoder().decode(input) : input
  if (text === undefined || text === null || text === '') return {}
  try {
    const plan: unknown = typeof text === 'string' ? JSON.parse(text) : text
    // Written by an audit, so an object is a plan; not validated.
    return typeof plan === 'object' && plan !== null && !Array.isArray(plan) ? (plan as AuditPlan) : null
  } catch {
    return null
  }
}

function fromBase64(base64: string): Uint8Array {
  const binary = atob(base64)
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
}
