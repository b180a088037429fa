import type { JsonObject } from './job'
import type { StatusDocument } from './status-document'

/** What a representation is given: the status document, and what the application told of the job for just this purpose. */
export interface JobPresentation extends StatusDocument {
  readonly owner: string | null
  readonly meta: JsonObject
}

/** How an answer about a job differs from the standard one. What is left out stays as it is. */
export interface Presentation {
  readonly status?: number
  /** Merged over the standard fields; `null` takes a field away. */
  readonly headers?: Readonly<Record<string, string | null>>
  /** Sent as JSON; a string as it is; `null` sends no body, `Content-Length: 0` and no `Content-Type`. */
  readonly body?: object | string | null
}

/**
 * How a job is shown on the wire, where the standard status document is not what clients expect. It decides bodies, state words
 * and header fields; access, pacing, preconditions and the rest stay with core.
 */
export interface Representation {
  /** The 202 of an accepted request. */
  accepted?(job: JobPresentation): Presentation
  /** Every answer of the status URL that shows the job. */
  status?(job: JobPresentation): Presentation
}
