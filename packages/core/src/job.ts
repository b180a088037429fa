import type { JobWebhook } from './webhook'

/**
 * A JSON value: what `meta`, `carry` and a handler's input may hold. To TypeScript an `interface` is none, because others may add to it: name
 * what is needed of it (`{ id: user.id }`), copy it (`{ ...user }`), or declare a `type`.
 */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined }
export type JsonObject = { readonly [name: string]: Json | undefined }

/** Header fields by lower-case name; a list where a field was sent more than once (`set-cookie`). */
export type HeaderFields = Readonly<Record<string, string | readonly string[]>>

/** A message body: text as the framework had it (UTF-8 on the wire) or bytes. */
export type Body = string | Uint8Array

export type JobStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'canceled'

/** The accepted request, as another process needs it to run the handler. `Authorization` and `Cookie` are in it only when asked for. */
export interface StoredRequest {
  readonly method: string
  /** Path and query as the client sent them; absolute where the framework had it so. */
  readonly url: string
  readonly headers: HeaderFields
  /** Set where the body is kept in chunks of so many bytes (see `BlobStore`), with its `size`; `requestBody` is then `null`. */
  readonly chunkBytes?: number
  readonly size?: number
  /** `false`: it goes when the job is over, whatever becomes of it (`keepRequests: 'never'`). Otherwise one that did not succeed keeps it. */
  readonly keep?: false
  /** What the route's `carry` option lifted out of earlier middleware. */
  readonly carry?: JsonObject
  /** The adapter's own notes: route parameters, validated data, how the body had been parsed. */
  readonly context?: JsonObject
}

/** Head of the captured response; of a running job, of the one that its handler is writing. */
export interface StoredResponse {
  readonly status: number
  readonly headers: HeaderFields
  /** Body size in bytes; 0 while it is being written. */
  readonly size: number
  /** Set where the body is kept in chunks of so many bytes (see `BlobStore`); `responseBody` is then `null`. */
  readonly chunkBytes?: number
}

/** Why a job failed or was canceled, with what may be shown of it. */
export interface JobFailure {
  /** `handler_failed`, `handler_passed`, `error_response`, `timeout`, `lost`, `result_too_large`, `canceled`, or what the error brought. */
  readonly code: string
  /** HTTP status that the result URL answers with when there is no captured response. */
  readonly status: number
  readonly title: string
  readonly message: string
}

/**
 * One accepted request that is processed after the answer: the record a store keeps.
 *
 * Immutable: a change is a new record with `version` one higher. Times are epoch milliseconds. Everything but the two bodies is
 * the *head*; a store may leave the bodies out where it is asked for the head.
 */
export interface Job {
  readonly id: string
  /** 1 when inserted (2: as running already), one more with every write: what compare-and-set works on. */
  readonly version: number
  /** 1 when inserted, one more with every change that a client can see: what the ETag is made of. A renewed lease is none. */
  readonly revision: number
  readonly operation: string
  /** Who may see it; `null` where the application names no owner. */
  readonly owner: string | null
  readonly idempotencyKey?: string
  /** SHA-256 of what the key was first used for, in hex. */
  readonly fingerprint?: string
  readonly status: JobStatus
  readonly createdAt: number
  readonly updatedAt: number
  /** A start was asked for later. */
  readonly scheduledAt?: number
  /** Start of the current attempt. */
  readonly startedAt?: number
  readonly finishedAt?: number
  readonly expiresAt?: number
  readonly cancelRequestedAt?: number
  /** Set once the job is only a tombstone: purged or expired, remembered so that its URL answers 410. */
  readonly goneAt?: number
  /**
   * When somebody must look at it next: start deadline or retry time while queued, end of the lease while running, expiry when
   * finished, end of the tombstone after that. `null`: never.
   */
  readonly dueAt: number | null
  /** When the current attempt has had its `maxRunMs`. */
  readonly timeoutAt?: number
  /** 0 before the first start; one more at every start. The fencing token of a worker. */
  readonly attempt: number
  readonly maxAttempts: number
  /** 1 for the first hand-over to the engine; one more whenever it had to be handed over again. */
  readonly dispatch: number
  readonly percentComplete?: number
  readonly message?: string
  readonly estimateMs?: number
  readonly meta?: JsonObject
  /** Id of the job whose request this one was made of, by `jobs.retry`. That one may be gone by now. */
  readonly retryOf?: string
  /** Who is told of its end. */
  readonly webhook?: JobWebhook
  readonly error?: JobFailure
  readonly request: StoredRequest | null
  readonly response: StoredResponse | null
  /** The response body itself where it is JSON text small enough to be shown in the status document. Then there is no `responseBody`. */
  readonly result?: string
  /** `undefined`: not loaded (on a read), keep what is stored (on a write). `null`: none. */
  readonly requestBody?: Body | null
  readonly responseBody?: Body | null
}

/** One line of a job's history, written in the same commit as the change it tells of. */
export interface JobEvent {
  /** The job's version that it led to. */
  readonly version: number
  readonly at: number
  /** What happened: `insert`, or a cell of the lifecycle table. */
  readonly type: string
  readonly status: JobStatus
  readonly attempt: number
  readonly percentComplete?: number
  readonly message?: string
  readonly code?: string
}

/** What `newId` may give, and all that is ever looked up: a path segment that nobody has to encode. */
export const JOB_ID = /^[\w.~-]{1,128}$/
