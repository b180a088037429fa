import type { Answer } from './answer'
import { type Context, reporter } from './context'
import type { Platform } from './engine'
import { isJobsError } from './errors'
import { Fingerprint, parseIdempotencyKey } from './idempotency'
import type { Job } from './job'
import { isTerminal } from './lifecycle'
import type { Operation } from './operation'
import type { Owner } from './options'
import { retryAfter } from './pacing'
import { applied, type Preferences, parsePrefer } from './prefer'
import { present } from './present'
import { busy, problem, unavailable } from './problems'
import { ReceivedBody } from './received-body'
import type { JobRequest, Submission } from './request'
import { resultAnswer } from './result'
import { invalid } from './rules'
import { toStore } from './stored-request'
import { submit, type Wanted } from './submit'
import { waitForChange, waitMsOf } from './waiting'
import { type Told, toldOf } from './webhook-target'

/**
 * Answers a request for a wrapped handler: with 202, with the handler's own response if it was ready in time, or with the problem that
 * keeps it from becoming a job. `undefined`: the client did not ask for a job, run the handler as if it were not wrapped.
 */
export async function accept(
  context: Context,
  operation: Operation,
  submission: Submission,
  platform?: Platform,
): Promise<Answer | undefined> {
  const { options } = operation
  const prefer = parsePrefer(submission.headers.get('prefer'))
  if (options.when === 'preferred' && !prefer.respondAsync) return undefined
  if (context.draining) return busy('draining')

  const key = options.idempotency === 'off' ? undefined : parseIdempotencyKey(submission.headers.get('idempotency-key'))
  if (key === null) return problem('invalid-idempotency-key', 'Send 1 to 255 visible ASCII characters.')
  if (!key && options.idempotency === 'required')
    return problem('idempotency-key-required', 'Send an Idempotency-Key field, unique to this request.')

  const { remote, delay } = context.engine.capabilities
  // An engine that cannot delay a job no longer has the live request when the job is due.
  const keepRequest = context.store.capabilities.durable || remote || (!delay && (options.retries > 0 || options.delayMs > 0))
  const fingerprint = key === undefined ? undefined : new Fingerprint(submission.headers.get('content-type') ?? '')
  const received = new ReceivedBody(context, options.maxBodyBytes, fingerprint)
  try {
    try {
      const reading = received.read(submission, keepRequest || key !== undefined)
      if (reading) await reading
    } catch (error) {
      return unreadable(context, error, received.limit)
    }
    const native = submission.native as never
    const naming = options.owner ?? context.options.owner
    const owner = naming ? await ownerOf(naming, native) : null
    const carry = options.carry && (await options.carry(native))
    const meta = typeof options.meta === 'function' ? await options.meta(native) : options.meta
    const sender = context.options.webhooks
    const told = options.webhook && sender ? await toldOf(options.webhook, sender, submission) : NOBODY
    if (told.refusal !== undefined) return problem('webhook-refused', told.refusal)
    const { chunks } = received
    const request = keepRequest || chunks ? toStore(submission, options.storeHeaders, carry, chunks) : null
    const wanted: Wanted = {
      id: received.id,
      owner,
      key,
      meta,
      live: submission,
      carry,
      platform,
      webhook: told.webhook,
      fingerprint: fingerprint && (await fingerprint.of(submission.method, submission.url, received.body)),
      request,
      requestBody: keepRequest ? received.body : null,
    }
    return await take(context, operation, submission, wanted, told.isFromRequest ? { ...prefer, callback: true } : prefer, received)
  } finally {
    received.release(platform)
  }
}

const NOBODY: Told = {}

/** Errors that a blob store may throw. */
const STORE_ERRORS = ['store_unavailable', 'store_full', 'too_large']

/** Answers an error of reading the body. Rethrows one that is the application's fault. */
function unreadable(context: Context, error: unknown, limit: number): Answer {
  if (isJobsError(error, 'body_too_large')) return problem('body-too-large', `The limit is ${limit} bytes.`)
  // A body that a parser has read may be nested too deeply to be serialized again.
  if (isJobsError(error, 'body_unreadable') || error instanceof RangeError) return problem('body-unreadable')
  if (isJobsError(error) && STORE_ERRORS.includes(error.code)) return unavailable(context, error, 'accept')
  throw error
}

/** Makes the job, or finds the one made before with the same key, and answers. */
async function take(
  context: Context,
  operation: Operation,
  request: JobRequest,
  wanted: Wanted,
  prefer: Preferences,
  received: ReceivedBody,
): Promise<Answer> {
  try {
    const made = await submit(context, operation, wanted)
    if (made.refused) return made.refused === 'idempotency-key-reused' ? problem(made.refused) : busy(made.refused)
    if (!made.replayed) received.keep()
    return await answer(context, operation, request, made.job, prefer, made.replayed)
  } catch (error) {
    // The insert may still succeed, and the client may repeat the request with its key and find the job.
    const isCertain = isJobsError(error) && error.code !== 'store_unavailable'
    if (wanted.key !== undefined && !isCertain) received.keep()
    return unavailable(context, error, 'accept')
  }
}

/** The owner of a request; `null` for none. @throws {JobsError} `invalid_option` if it is no string: a store might return another value */
export async function ownerOf(owner: Owner<never>, native: never): Promise<string | null> {
  const who = (await owner(native)) || ''
  if (typeof who !== 'string') throw invalid(`owner() returned ${String(who)}; it must return a string or nothing`)
  return who || null
}

/** Answers an accepted request, after a wait if the client or the route asks for one. */
async function answer(
  context: Context,
  { options }: Operation,
  request: JobRequest,
  job: Job,
  prefer: Preferences,
  replayed: boolean,
): Promise<Answer> {
  const asked = waitMsOf(context, prefer.wait ?? 0)
  const waitMs = Math.max(asked, typeof options.when === 'object' ? options.when.afterMs : 0)
  let shown = job
  if (waitMs > 0)
    try {
      const after = await waitForChange(context, job, waitMs, true, request)
      if (after && isTerminal(after.status) && after.goneAt === undefined) {
        const result = await resultAnswer(context, after, true)
        const honoured = applied(asked > 0 && `wait=${Math.ceil(asked / 1000)}`)
        return { ...result, headers: { ...result.headers, ...honoured, ...(replayed && REPLAYED) } }
      }
      shown = after ?? job
    } catch (error) {
      reporter(context, 'wait', job)(error) // the job exists: a client that got an error would make another one
    }
  return accepted(context, shown, prefer, replayed)
}

const REPLAYED = { 'Idempotency-Replayed': 'true' }

function accepted(context: Context, job: Job, prefer: Preferences, replayed: boolean): Answer {
  const self = `${context.mount}/${job.id}`
  const retryAfterMs = context.pacing.retryAfterMs(job)
  const headers: Record<string, string> = {
    Location: self,
    'Content-Location': self,
    'Retry-After': retryAfter(retryAfterMs),
    Link: `<${self}>; rel="monitor"`,
    'Cache-Control': 'no-store',
    Vary: 'Prefer',
    ...applied(prefer.respondAsync && 'respond-async', prefer.minimal && 'return=minimal', prefer.callback && 'callback'),
    ...(replayed && REPLAYED),
  }
  return present(context, 'accepted', job, self, { status: 202, headers, retryAfterMs, minimal: prefer.minimal })
}
