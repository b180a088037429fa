import { bounded } from './body'
import { deadlineAfter, scope, until, within } from './clock'
import { ClientError, ProblemError } from './errors'
import { createJob, type Job } from './job'
import { isFields } from './json'
import { addressOf, type ClientOptions, type HeadersGiven, headersOf, must, mustBeNumber, refuseOthers, settingsOf } from './options'
import { adviceOf } from './pacing'
import { problemOf } from './problem'
import { readSubmission, type Submission } from './reading'
import { type Credentials, sender } from './request'
import { pack, type SubmitInit } from './submission'
import { OWN_FIELDS, submitRequest } from './submit'
import { type Task, tracking } from './tracking'

/** Options for one job, which override those of the client. */
export interface JobOptions {
  /** Time limit for the whole job, in milliseconds. @default that of the client */
  timeoutMs?: number | undefined
  /** Stops following the job when it aborts. The job itself goes on; {@link Job.cancel} cancels it. @default `signal` of `init` */
  signal?: AbortSignal | undefined
}

/** Options of {@link Client.submit}. */
export interface SubmitOptions extends JobOptions {
  /**
   * `Idempotency-Key` of all tries, by which the server makes only one job. `false`: none, and a lost answer is an error.
   * @default a random UUID
   */
  idempotencyKey?: string | false | undefined
}

/** Options of {@link Client.resume} and {@link Client.follow}. */
export interface ResumeOptions extends JobOptions {
  /** Header fields for the origin of the status URL, besides those of the client. */
  headers?: HeadersGiven | undefined
  /** Whether the origin of the status URL gets cookies, as in `fetch`. Not inherited from `submit`. @default 'same-origin' */
  credentials?: 'omit' | 'same-origin' | 'include' | undefined
}

/** Submits jobs to a server and follows them. */
export interface Client {
  /**
   * Sends a request and resolves to its job once the server has accepted it. If the server answers with the result at once, the job has
   * finished already.
   *
   * `Result` is the type of the JSON that the handler answers with: `submit<Operations['report']>(…)`, see {@link OperationsOf}.
   *
   * @param input URL, absolute or relative to `baseUrl`, or a `Request`
   * @param init as for `fetch`, with POST as the default method, and `json` as an alternative to `body`
   * @throws {ProblemError} if the server refuses the request
   * @throws {ClientError} `unreachable`, `timed_out`, `no_status_url`
   */
  submit<Result = unknown>(input: string | URL | Request, init?: SubmitInit, options?: SubmitOptions): Promise<Job<Result>>
  /** Makes a job from its status URL: after a reload, in another process, from a link. Sends no request by itself. */
  resume<Result = unknown>(url: string | URL, options?: ResumeOptions): Job<Result>
  /**
   * Makes a job from a response that another client has fetched, such as Hono's `hc`. The type of its JSON is taken for that of the
   * result, unless that is given: `follow<Report>(…)`.
   *
   * @throws {ProblemError} if the response is an error
   */
  follow<Answer extends FollowedResponse<unknown>>(response: Answer, options?: ResumeOptions): Promise<Job<JsonOf<Answer>>>
  follow<Result>(response: FollowedResponse<Result>, options?: ResumeOptions): Promise<Job<Result>>
}

/** JSON type of the successful responses of a typed client; `unknown` for `any`. */
type JsonOf<Answer> = Answer extends { readonly ok: false }
  ? never
  : Answer extends FollowedResponse<infer Json>
    ? 0 extends 1 & Json
      ? unknown
      : Json
    : never

/** The part of a response that {@link Client.follow} needs; typed clients have the type of its JSON. */
export interface FollowedResponse<Result> {
  readonly url: string
  readonly status: number
  readonly ok: boolean
  clone(): unknown
  json(): Promise<Result>
}

/** How often in a row `headers` may throw, once it has worked for a job. */
const MOST_MISSES = 5

/** Lets `headers` throw as if the connection were lost, for a while: when the network is away, a token cannot be renewed either. */
function patient(headers: () => Promise<Headers>): () => Promise<Headers> {
  let left = 0
  return async () => {
    try {
      const fields = await headers()
      left = MOST_MISSES
      return fields
    } catch (cause) {
      throw left-- > 0 ? cause : new ClientError('invalid_option', `${cause}`, { cause })
    }
  }
}

/** Makes a client for the jobs of one server (`baseUrl`) or of any. */
export function createClient(options: ClientOptions = {}): Client {
  must('options', isFields(options), 'an object, as { baseUrl }')
  const settings = settingsOf(options)

  const { baseUrl } = settings
  const absolute = (input: string | URL) => addressOf(input, baseUrl === undefined ? '; give `baseUrl` for relative ones' : '', baseUrl)

  function task({ timeoutMs = settings.timeoutMs, signal, ...others }: JobOptions): Task {
    refuseOthers(others)
    mustBeNumber('timeoutMs', timeoutMs, 0)
    const deadline = deadlineAfter(settings.clock, timeoutMs, signal)
    return { deadline, settings: { ...settings, headers: patient(settings.headers), clock: until(deadline, settings.clock) } }
  }

  /** Limits credentials to origins: the client's header fields to its own server, those of one job to where that was sent. */
  function connect({ deadline, settings }: Task, url: string, fields: Headers, init: SubmitInit) {
    const { origin } = new URL(url)
    const home = settings.home ?? origin
    const mine: Credentials[] = [home, ...settings.trustedOrigins].map((one) => ({ origin: one, headers: settings.headers }))
    mine.push(...[origin, ...settings.trustedOrigins].map((one) => ({ origin: one, headers: async () => fields })))
    // Without the body, which a job that goes on would keep in memory.
    const { body, json, signal, ...given } = init
    return sender(async (input, asked) => bounded(await settings.fetch(input, asked), deadline), mine, given)
  }

  function begun<Result>(
    own: Task,
    { response, url, reading, isAccepted, monitor }: Submission,
    fields: Headers,
    init: SubmitInit,
  ): Job<Result> {
    const advice = adviceOf(response.headers, reading.document, settings.clock.now())
    // A GET answered 202 without a status URL: the same URL is polled until the answer is another (GitHub's statistics).
    const again = init.method === 'GET' ? url : undefined
    const followed = isAccepted ? (monitor ?? again) : ''
    if (followed === undefined) {
      throw new ClientError('no_status_url', 'The request was accepted without a status URL.', {
        cause: new ProblemError({ status: response.status }, reading.response),
      })
    }
    return createJob<Result>(tracking(own, connect(own, url, fields, init), followed, reading, advice))
  }

  return {
    async submit<Result>(input: string | URL | Request, init: SubmitInit = {}, { idempotencyKey, ...options }: SubmitOptions = {}) {
      const url = absolute(input instanceof Request ? input.url : input)
      const signal = options.signal ?? init.signal ?? (input instanceof Request ? input.signal : undefined)
      const own = task({ ...options, signal: signal ?? undefined })
      return within(own.deadline.scope(), async (whole) => {
        const packed = await pack(input, init)
        const fields = new Headers([...packed.headers].filter(([name]) => !OWN_FIELDS.includes(name)))
        const send = connect(own, url, fields, init)
        const submission = await submitRequest(own.settings, send, url, packed, idempotencyKey, whole)
        return begun<Result>(own, submission, fields, { ...init, method: packed.method })
      })
    },
    resume<Result>(url: string | URL, { headers, credentials, ...options }: ResumeOptions = {}) {
      const at = absolute(url)
      const own = task(options)
      return createJob<Result>(tracking(own, connect(own, at, headersOf(headers), { credentials }), at))
    },
    async follow<Result>(response: FollowedResponse<Result>, { headers, credentials, ...options }: ResumeOptions = {}) {
      const own = task(options)
      // A Response, whose type typed clients narrow.
      const answer = bounded(response as unknown as Response, own.deadline)
      return within(scope([options.signal], settings.requestTimeoutMs), async () => {
        if (!answer.ok) throw await problemOf(answer)
        const url = absolute(answer.url || baseUrl || '')
        return begun<Result>(own, await readSubmission(answer, url, settings.words), headersOf(headers), { credentials })
      })
    },
  }
}

/** {@link Client.submit} of a client with these options: for absolute URLs, and relative ones in a browser. */
export const submit = <Result = unknown>(
  input: string | URL | Request,
  init?: SubmitInit,
  { signal, idempotencyKey, ...options }: SubmitOptions & ClientOptions = {},
) => createClient(options).submit<Result>(input, init, { signal, idempotencyKey })

/** {@link Client.resume} of a client with these options. */
export const resume = <Result = unknown>(
  url: string | URL,
  { signal, credentials, ...options }: Omit<ResumeOptions, 'headers'> & ClientOptions = {},
) => createClient(options).resume<Result>(url, { signal, credentials })
