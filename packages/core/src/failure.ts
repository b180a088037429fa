import { isJobsError } from './errors'
import type { JobFailure } from './job'

const SHOWN_LENGTH = 1_000

/**
 * What a client may know of an error that a handler threw: only that it failed, unless the error may be shown, as with http-errors:
 * `expose: true`, a `message`, and `status` (or `statusCode`) from 400 to 599.
 */
export function failureOf(error: unknown): JobFailure {
  if (isJobsError(error, 'result_too_large'))
    return { code: error.code, status: 500, title: 'The result is too large', message: error.message }
  if (isJobsError(error, 'handler_passed'))
    return {
      code: error.code,
      status: 404,
      title: 'No handler answered',
      message: 'The handler passed the request on, but no handler follows.',
    }
  const { expose, status, statusCode, code, message } = Object(error) as Record<string, unknown>
  const shown = expose === true && typeof message === 'string'
  const wanted = status ?? statusCode
  return {
    code: shown && typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? code : 'handler_failed',
    status: shown && Number.isInteger(wanted) && (wanted as number) >= 400 && (wanted as number) < 600 ? (wanted as number) : 500,
    title: 'The job failed',
    message: shown ? message.slice(0, SHOWN_LENGTH) : 'The handler failed.',
  }
}

/** The failure of a job whose handler answered with a status of 400 or above; the response itself is at the result URL. */
export const errorResponse = (status: number): JobFailure => ({
  code: 'error_response',
  status,
  title: 'The handler answered with an error',
  message: `The handler answered ${status}; its response is at the result URL.`,
})

/** The failure of a job whose process has gone. */
export const LOST: JobFailure = {
  code: 'lost',
  status: 500,
  title: 'The job was lost',
  message: 'The process that ran it stopped, and no attempts are left.',
}

/** The failure of a job whose attempt has reached its `maxRunMs`. */
export const TIMEOUT: JobFailure = {
  code: 'timeout',
  status: 504,
  title: 'The job took too long',
  message: 'It was stopped at its time limit.',
}
