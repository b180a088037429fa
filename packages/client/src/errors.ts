import { textIn } from './json'
import type { StatusDocument } from './status-document'

/** A problem document (RFC 9457) from the server, with all extension members. */
export interface Problem {
  readonly type?: string
  readonly title?: string
  readonly status?: number
  readonly detail?: string
  readonly instance?: string
  readonly code?: string
  readonly [member: string]: unknown
}

/** Codes of {@link ClientError}. Never renamed within a major version. */
export type ClientErrorCode =
  /** An invalid option or URL, or a `headers` function that has thrown `cause`. */
  | 'invalid_option'
  /** `timeoutMs` has passed. The job goes on at the server; `resume(job.url)` follows it again. */
  | 'timed_out'
  /** The submission or cancel did not reach the server, or its answer was lost; `cause` is the last error. */
  | 'unreachable'
  /** The server accepted the request without a status URL. */
  | 'no_status_url'
  | 'too_many_redirects'
  /** A live response broke off and cannot be resumed, because the handler failed or runs again. What was read of it is incomplete. */
  | 'stream_restarted'

/** An error of the client, not one that the server answered. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  constructor(
    readonly code: ClientErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

/** The server answered a submission, a poll, a cancel or the request for a result with an error. */
export class ProblemError extends Error {
  override readonly name: string = 'ProblemError'
  /** `code` of the problem, or `http-<status>`. */
  readonly code: string
  /** HTTP status of the answer, or the one in the problem. */
  readonly status: number
  readonly type: string
  readonly title: string | undefined
  readonly detail: string | undefined
  readonly instance: string | undefined
  constructor(
    /** All members, unchanged. */
    readonly problem: Problem,
    /** The response; its body can still be read. `undefined` if the problem was part of a status document. */
    readonly response: Response | undefined,
    /** The error message, if the problem has none. */
    otherwise?: string,
  ) {
    const status = response?.status ?? problem.status ?? 500
    super(textIn(problem, 'detail', 'title', 'message') ?? otherwise ?? `The server answered ${status}.`)
    this.status = status
    this.code = problem.code ?? `http-${status}`
    this.type = problem.type ?? 'about:blank'
    this.title = problem.title
    this.detail = problem.detail
    this.instance = problem.instance
  }
}

/** The job failed. `response` is the handler's response, if there was one. */
export class JobFailedError extends ProblemError {
  override readonly name = 'JobFailedError'
  constructor(
    readonly job: StatusDocument,
    response: Response | undefined,
    problem: Problem = job.error ?? {},
  ) {
    super(problem, response, 'The job failed.')
  }
}

/** The job was canceled, by this client or another. */
export class JobCanceledError extends ProblemError {
  override readonly name = 'JobCanceledError'
  constructor(readonly job: StatusDocument) {
    super({ code: 'job-canceled', status: 409, ...job.error }, undefined, 'The job was canceled.')
  }
}
