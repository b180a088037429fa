/** Codes of {@link JobsError}. Never renamed within a major version. */
export type JobsErrorCode =
  | 'invalid_option'
  | 'store_required'
  | 'duplicate_operation'
  | 'unknown_operation'
  | 'invalid_input'
  | 'invalid_cursor'
  | 'body_too_large'
  | 'body_unreadable'
  | 'result_too_large'
  | 'handler_passed'
  | 'too_large'
  | 'store_full'
  | 'store_unavailable'
  | 'queue_full'
  | 'draining'
  | 'idempotency_conflict'
  | 'not_retryable'
  | 'not_finished'

/** The error that this library throws. `code` is for programs, `message` says what to do, `cause` is the underlying error. */
export class JobsError extends Error {
  override readonly name = 'JobsError'
  constructor(
    readonly code: JobsErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

/** Whether an error is a {@link JobsError}, with `code` if given. By name, since a process may load core twice, as ESM and as CommonJS. */
export const isJobsError = (error: unknown, code?: JobsErrorCode): error is JobsError =>
  (error as JobsError | null)?.name === 'JobsError' && (!code || (error as JobsError).code === code)
