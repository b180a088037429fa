/** Why a file can't become a report. */
export type ReportErrorCode = 'empty_file' | 'unreadable_file' | 'unknown_columns' | 'no_usable_rows'

/** A file that can't become a report. Its message is written for the person who sent the file. */
export class ReportError extends Error {
  override readonly name = 'ReportError'
  /** The HTTP status that fits: the request was understood, its content can't be processed. */
  readonly status = 422
  /** The message holds no internals and may be shown. */
  readonly expose = true

  constructor(
    readonly code: ReportErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
