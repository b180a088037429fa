import { bounded } from './body'
import { deadlineAfter, scope, until, within } from './clock'
import { ClientError, ProblemError } from './errors'
import { createJob, type Job } from './job'
import { httpUrl } from './links'
import { type ClientOptions, checkNumber, type HeadersGiven, settingsOf } from './options'
import { adviceOf } from './pacing'
import { problemOf } from './problem'
import { readSubmission, type Submission } from './reading'
import { type Credentials, sender } from './request'
import { pack, type SubmitInit } from './submission'
import { OWN_FIELDS, submitRequest } from './submit'
import { type Task, tracking } from './tracking'

/** Settings of one job, before those of its client. */
export interface JobOptions {
  /** How long the job may take altogether, in milliseconds. @default that of the client */
  timeoutMs?: number
  /** Ends the following of the job. The job goes on: {@link Job.cancel} ends it. @default `signal` of `init` */
  signal?: AbortSignal
}

export interface SubmitOptions extends JobOptions {
  /** The key under which a server makes one job of all tries. `false`: none, and a lost answer is an error. @default a random UUID */
  idempotencyKey?: string | false
}

export interface ResumeOptions extends JobOptions {
  /** Fields for the origin of the job's address, besides those of the client. */
  headers?: HeadersGiven
  /** Whether the origin of the job's address gets cookies, as `fetch` takes it. What `submit` was given holds for its job alone. @default 'same-origin' */
  credentials?: 'omit' | 'same-origin' | 'include'
}

export interface Client {
  /**
   * Sends a request and resolves once the server has taken it. What it answers at once is a job that has finished already.
   *
   * `Result` is the type of the JSON that the handler answers with: `submit<Operations['report']>(…)`, see {@link OperationsOf}.
   *
   * @param input address, absolute or relative to `baseUrl`, or a `Request`
   * @param init as for `fetch`, with POST as the default method; `json` in the place of `body`
   * @throws {ProblemError} when the server refuses it
   * @throws {ClientError} `unreachable`, `timed_out`, `no_status_url`
   */
  submit<Result = unknown>(input: string | URL | Request, init?: SubmitInit, options?: SubmitOptions): Promise<Job<Result>>
  /** A job by its status URL: after a reload, in another process, from a link. Asks nothing by itself. */
  resume<Result = unknown>(url: string | URL, options?: ResumeOptions): Job<Result>
  /**
   * The job of an answer that somebody else has fetched: Hono's `hc`, an API client. The type of its JSON is that of the result, unless
   * that is named: `follow<Report>(…)`.
   *
   * @throws {ProblemError} when the answer is an error
   */
  follow<Answer extends FollowedResponse<unknown>>(response: Answer, options?: ResumeOptions): Promise<Job<JsonOf<Answer>>>
  follow<Result>(response: FollowedResponse<Result>, options?: ResumeOptions): Promise<Job<Result>>
}

/** What the answers of a client that are no errors have as JSON; `any` says nothing. */
type JsonOf<Answer> = Answer extends { readonly ok: false }
  ? never
  : Answer extends FollowedResponse<infer Json>
    ? 0 extends 1 & Json
      ? unknown
      : Json
    : never

/** What {@link Client.follow} needs of a response; those of typed clients say what their JSON is. */
export interface FollowedResponse<Result> {
  readonly url: string
  readonly status: number
  readonly ok: boolean
  clone(): unknown
  json(): Promise<Result>
}

/** A client for jobs, of one server or of any. */
export function createClient(options: ClientOptions = {}): Client {
  const settings = settingsOf(options)

  const absolute = (input: string | URL): string => {
    const url = httpUrl(String(input), settings.baseUrl ?? 'about:blank')
    if (url) return url
    throw new ClientError('invalid_option', `"${String(input)}" is no http(s) address; give \`baseUrl\` for relative ones.`)
  }

  function task({ timeoutMs = settings.timeoutMs, signal }: JobOptions): Task {
    checkNumber('timeoutMs', timeoutMs, 0)
    const deadline = deadlineAfter(settings.clock, timeoutMs, signal)
    return { deadline, settings: { ...settings, clock: until(deadline, settings.clock) } }
  }

  /** Who may hear who asks: the client's fields are for its own server, those of one job for where that was sent. */
  function connect({ deadline }: Task, url: string, fields: Headers, init: RequestInit = {}) {
    const { origin } = new URL(url)
    const home = settings.home ?? origin
    const mine: Credentials[] = [home, ...settings.trustedOrigins].map((one) => ({ origin: one, headers: settings.headers }))
    mine.push(...[origin, ...settings.trustedOrigins].map((one) => ({ origin: one, headers: async () => fields })))
    const { credentials, mode, referrer, referrerPolicy, keepalive } = init
    const given = { credentials, mode, referrer, referrerPolicy, keepalive }
    return sender(async (input, asked) => bounded(await settings.fetch(input, asked), deadline), mine, given)
  }

  function begun<Result>(
    own: Task,
    { response, url, reading, isAccepted, monitor }: Submission,
    fields: Headers,
    init: SubmitInit,
  ): Job<Result> {
    const advice = adviceOf(response.headers, reading.document, settings.clock.now())
    // GET answered with 202 and nothing else: the same address again, until it is another answer (GitHub's statistics).
    const again = init.method === 'GET' ? url : undefined
    const followed = isAccepted ? (monitor ?? again) : ''
    if (followed === undefined) {
      const message = 'The request was accepted, and the server does not say where its status is.'
      throw new ClientError('no_status_url', message, {
        cause: new ProblemError({ status: response.status }, reading.response),
      })
    }
    return createJob<Result>(tracking(own, connect(own, url, fields, init), followed, reading, advice))
  }

  return {
    async submit<Result>(input: string | URL | Request, init: SubmitInit = {}, options: SubmitOptions = {}) {
      const url = absolute(input instanceof Request ? input.url : input)
      const signal = options.signal ?? init.signal ?? (input instanceof Request ? input.signal : undefined)
      const own = task({ timeoutMs: options.timeoutMs, signal: signal ?? undefined })
      return within(own.deadline.scope(), async (whole) => {
        const packed = await pack(input, init)
        const fields = new Headers([...packed.headers].filter(([name]) => !OWN_FIELDS.includes(name)))
        const send = connect(own, url, fields, init)
        const submission = await submitRequest(own.settings, send, url, packed, options.idempotencyKey, whole)
        return begun<Result>(own, submission, fields, { ...init, method: packed.method })
      })
    },
    resume<Result>(url: string | URL, options: ResumeOptions = {}) {
      const at = absolute(url)
      const own = task(options)
      return createJob<Result>(tracking(own, connect(own, at, new Headers(options.headers), options), at))
    },
    async follow<Result>(response: FollowedResponse<Result>, options: ResumeOptions = {}) {
      const own = task(options)
      // Typed clients narrow what Response has; it is one.
      const answer = bounded(response as unknown as Response, own.deadline)
      return within(scope([options.signal], settings.requestTimeoutMs), async () => {
        if (!answer.ok) throw await problemOf(answer)
        const url = absolute(answer.url || settings.baseUrl || '')
        return begun<Result>(own, await readSubmission(answer, url, settings.words), new Headers(options.headers), options)
      })
    },
  }
}

/** {@link Client.submit} of a client without settings: for absolute addresses, and relative ones in a page. */
export const submit = <Result = unknown>(input: string | URL | Request, init?: SubmitInit, options?: SubmitOptions & ClientOptions) =>
  createClient(options).submit<Result>(input, init, options)

/** {@link Client.resume} of a client without settings. */
export const resume = <Result = unknown>(url: string | URL, options?: Omit<ResumeOptions, 'headers'> & ClientOptions) =>
  createClient(options).resume<Result>(url, { ...options, headers: undefined })
