import type { BodySink } from './bodies'
import type { Body, JsonObject } from './job'

/**
 * What core reads of a request: a structural subset of the Web `Request`, so that a real one costs nothing and an Express
 * request three fields.
 */
export interface JobRequest {
  readonly method: string
  /** Absolute, or path and query. */
  readonly url: string
  /** By lower-case name; repeated fields joined with `, `. */
  readonly headers: { get(name: string): string | null }
  /** Aborts when the client has left: it is held no longer then. Asked for only where a client is held. */
  readonly signal?: AbortSignal
}

/** A request that may become a job. The adapter keeps it as the live side of an inline run. */
export interface Submission<Native = unknown> extends JobRequest {
  /** The framework's own request (Express `req`, Hono `c`, a `Request`): what `owner` and `carry` are called with. */
  readonly native: Native
  /** All header fields by lower-case name, for a job that another process may run. */
  headerFields(): Record<string, string | string[]>
  /** The adapter's notes for a replay: route parameters, validated data, how the body had been parsed. */
  context(): JsonObject | undefined
  /**
   * Reads the body to its end, before the 202, because it cannot be read after it. `null`: there is none, or an earlier
   * middleware has parsed it and it is not `wanted` (nobody will store or hash it).
   *
   * `large`, where there is a blob store: once more than `large.after` bytes have come, they and all that follow are written there,
   * and `null` is returned. The handler's body is then what `Execution.requestBody` gives, also in an inline run.
   *
   * @throws {JobsError} `body_too_large` above `limit` bytes, `body_unreadable` when it breaks off.
   */
  readBody(limit: number, wanted: boolean, large?: BodySink): Promise<Body | null> | Body | null
}

/** Path and query of a URL that may be absolute. */
export function pathOf(url: string): string {
  if (url.startsWith('/')) return url
  const start = url.indexOf('/', url.indexOf('://') + 3)
  return start < 0 ? '/' : url.slice(start)
}
