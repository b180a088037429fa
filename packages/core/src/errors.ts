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

/** What this library throws. `code` is for programs, `message` says what to do, `cause` is what was behind it. */
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

/** By its name and not its class: a process may hold core twice, as CommonJS beside the ES module. */
export const isJobsError = (error: unknown, code?: JobsErrorCode): error is JobsError =>
  (error as JobsError | null)?.name === 'JobsError' && (!code || (error as JobsError).code === code)
