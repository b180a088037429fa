import type { JsonObject } from './job'
import type { StatusDocument } from './status-document'

/** What a representation shows: the status document, with the job's `owner` and `meta`. */
export interface JobPresentation extends StatusDocument {
  readonly owner: string | null
  readonly meta: JsonObject
}

/** What differs from the standard answer. Members that are left out stay standard. */
export interface Presentation {
  readonly status?: number
  /** Merged over the standard fields; `null` removes a field. */
  readonly headers?: Readonly<Record<string, string | null>>
  /** An object is sent as JSON, a string as it is; `null` sends no body, with `Content-Length: 0` and no `Content-Type`. */
  readonly body?: object | string | null
}

/**
 * Shows jobs to clients that expect another shape than the standard status document. It decides bodies, state words and header
 * fields; access, pacing, preconditions and the rest stay with core.
 */
export interface Representation {
  /** Shapes the 202 of an accepted request. */
  accepted?(job: JobPresentation): Presentation
  /** Shapes every answer of the status URL that shows the job. */
  status?(job: JobPresentation): Presentation
}
