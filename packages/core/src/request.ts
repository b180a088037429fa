import type { BodySink } from './bodies'
import type { Body, JsonObject } from './job'

/**
 * The part of a request that core reads: a structural subset of the Web `Request`, so that a `Request` is one, and an adapter for
 * another framework has to provide three members.
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

/** A request that may become a job. In an inline run the adapter gets it back as `Execution.live`. */
export interface Submission<Native = unknown> extends JobRequest {
  /** The framework's own request (Express `req`, Hono `c`, a `Request`): what `owner` and `carry` are called with. */
  readonly native: Native
  /** All header fields by lower-case name, for a job that another process may run. */
  headerFields(): Record<string, string | string[]>
  /** The adapter's own data for a replay: route parameters, validated data, how the body was parsed. */
  context(): JsonObject | undefined
  /**
   * Reads the body to its end. Called before the 202, because after it the body cannot be read. `null`: there is no body, or earlier
   * middleware has parsed it and it is not `wanted`.
   *
   * @param limit largest body, in bytes
   * @param wanted whether the body will be stored or hashed
   * @param large given if there is a blob store. Once more than `large.after` bytes have come, these and all that follow are written to
   *   it, and `null` is returned; the handler's body is then `Execution.requestBody`, also in an inline run.
   * @throws {JobsError} `body_too_large` above `limit` bytes, `body_unreadable` if the body breaks off
   */
  readBody(limit: number, wanted: boolean, large?: BodySink): Promise<Body | null> | Body | null
}

/** Path and query of a URL that may be absolute. */
export function pathOf(url: string): string {
  if (url.startsWith('/')) return url
  const start = url.indexOf('/', url.indexOf('://') + 3)
  return start < 0 ? '/' : url.slice(start)
}
