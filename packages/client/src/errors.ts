import { textIn } from './json'
import type { StatusDocument } from './status-document'

/** A problem as a server tells it: the members of RFC 9457, and whatever else came with them. */
export interface Problem {
  readonly type?: string
  readonly title?: string
  readonly status?: number
  readonly detail?: string
  readonly instance?: string
  readonly code?: string
  readonly [member: string]: unknown
}

/** What went wrong on this side. Codes are never renamed within a major version. */
export type ClientErrorCode =
  /** An option or an address that cannot work. */
  | 'invalid_option'
  /** `timeoutMs` is over. The job goes on at the server; `resume(job.url)` follows it again. */
  | 'timed_out'
  /** The submission never came through, or its answer never came back; `cause` is the last error. */
  | 'unreachable'
  /** The server accepted without saying where the status is. */
  | 'no_status_url'
  | 'too_many_redirects'
  /** A live response broke off, and what comes now is of another attempt, or nothing. What was read of it is not all. */
  | 'stream_restarted'

/** An error of this side of the line: nothing a server said. */
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

/** A server said no: to a submission, to reading a status, a result, a cancellation. */
export class ProblemError extends Error {
  override readonly name: string = 'ProblemError'
  /** `code` of the problem, otherwise `http-<status>`. */
  readonly code: string
  /** HTTP status of the answer, or the one in the problem. */
  readonly status: number
  readonly type: string
  readonly title: string | undefined
  readonly detail: string | undefined
  readonly instance: string | undefined
  constructor(
    /** All members, as they came. */
    readonly problem: Problem,
    /** The answer; its body can still be read. `undefined` where the problem was part of a status document. */
    readonly response: Response | undefined,
    /** What it says where the problem has no text. */
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

/** The job failed. `response` is what its handler had answered, where it did. */
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

/** The job was canceled, by whoever may. */
export class JobCanceledError extends ProblemError {
  override readonly name = 'JobCanceledError'
  constructor(readonly job: StatusDocument) {
    super({ code: 'job-canceled', status: 409, ...job.error }, undefined, 'The job was canceled.')
  }
}
