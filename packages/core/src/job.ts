import type { JobWebhook } from './webhook'

/**
 * A JSON value: what `meta`, `carry` and a handler's input may hold. TypeScript does not accept an `interface` here, because it can be
 * extended elsewhere: pick the fields you need (`{ id: user.id }`), copy it (`{ ...user }`), or declare a `type`.
 */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined }
export type JsonObject = { readonly [name: string]: Json | undefined }

/** Header fields by lower-case name; a list if a field was sent more than once (`set-cookie`). */
export type HeaderFields = Readonly<Record<string, string | readonly string[]>>

/** A request or response body: text (UTF-8 on the wire) or bytes. */
export type Body = string | Uint8Array

export type JobStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'canceled'

/** The accepted request, as another process needs it to run the handler. `Authorization` and `Cookie` only with `storeHeaders`. */
export interface StoredRequest {
  readonly method: string
  /** Path and query as the client sent them; absolute if the framework gives an absolute URL. */
  readonly url: string
  readonly headers: HeaderFields
  /** Chunk size in bytes, if the body is stored in chunks (see `BlobStore`); `requestBody` is then `null`. */
  readonly chunkBytes?: number
  /** Body size in bytes, if it is stored in chunks. */
  readonly size?: number
  /** `false`: deleted when the job ends, however it ends (`keepRequests: 'never'`). Otherwise failed and canceled jobs keep it. */
  readonly keep?: false
  /** What the route's `carry` option returned. */
  readonly carry?: JsonObject
  /** The adapter's own data for a replay: route parameters, validated data, how the body was parsed. */
  readonly context?: JsonObject
}

/** Status, header fields and body size of the captured response; on a running job, of the response that is being written. */
export interface StoredResponse {
  readonly status: number
  readonly headers: HeaderFields
  /** Body size in bytes; 0 while the body is being written. */
  readonly size: number
  /** Chunk size in bytes, if the body is stored in chunks (see `BlobStore`); `responseBody` is then `null`. */
  readonly chunkBytes?: number
}

/** Why a job failed or was canceled, as far as clients may know. */
export interface JobFailure {
  /**
   * `handler_failed`, `handler_passed`, `error_response`, `timeout`, `lost`, `result_too_large`, `canceled`, or the `code` of an error
   * with `expose: true`.
   */
  readonly code: string
  /** HTTP status of the result URL if there is no captured response. */
  readonly status: number
  readonly title: string
  readonly message: string
}

/**
 * One accepted request that is processed after the answer: the record that a store keeps.
 *
 * Immutable: every change is a new record whose `version` is one higher. Times are epoch milliseconds. All fields but the two bodies
 * form the *head*; a store asked for the head may leave the bodies out.
 */
export interface Job {
  readonly id: string
  /** Compared and set at every write. 1 when inserted as queued, 2 when inserted as running; each write adds 1. */
  readonly version: number
  /** Counts the changes that clients can see, from 1; the ETag is made of it. Renewing a lease does not count. */
  readonly revision: number
  readonly operation: string
  /** Who may see the job; `null` if the application names no owner. */
  readonly owner: string | null
  readonly idempotencyKey?: string
  /** SHA-256 in hex of the request that first used the idempotency key. */
  readonly fingerprint?: string
  readonly status: JobStatus
  readonly createdAt: number
  readonly updatedAt: number
  /** When a delayed job may start. */
  readonly scheduledAt?: number
  /** Start of the current attempt. */
  readonly startedAt?: number
  readonly finishedAt?: number
  readonly expiresAt?: number
  readonly cancelRequestedAt?: number
  /** When the job became a tombstone: purged or expired, kept only so that its URL answers 410. */
  readonly goneAt?: number
  /**
   * When a sweep must next look at the job: start deadline or retry time while queued, end of the lease while running, next webhook
   * try or expiry when finished, end of the tombstone after that. `null`: never.
   */
  readonly dueAt: number | null
  /** When the current attempt reaches its `maxRunMs`. */
  readonly timeoutAt?: number
  /** Number of attempts started; the fencing token that tells a stale worker from the current one. */
  readonly attempt: number
  readonly maxAttempts: number
  /** Number of times the job was dispatched to the engine, from 1. */
  readonly dispatch: number
  readonly percentComplete?: number
  readonly message?: string
  readonly estimateMs?: number
  readonly meta?: JsonObject
  /** Id of the job that `jobs.retry` made this one from. That job may be gone by now. */
  readonly retryOf?: string
  /** The webhook that is notified when the job ends, and its deliveries. */
  readonly webhook?: JobWebhook
  readonly error?: JobFailure
  readonly request: StoredRequest | null
  readonly response: StoredResponse | null
  /** The response body as text, if it is JSON and small enough for the status document. Then there is no `responseBody`. */
  readonly result?: string
  /** `null`: none. `undefined`: on a read, not loaded; on a write, keep what is stored. */
  readonly requestBody?: Body | null
  /** As `requestBody`. */
  readonly responseBody?: Body | null
}

/** One event in a job's history, written in the same commit as the change that it records. */
export interface JobEvent {
  /** Version of the job after the change. */
  readonly version: number
  readonly at: number
  /** What happened: `insert`, or an event of `TRANSITIONS`. */
  readonly type: string
  readonly status: JobStatus
  readonly attempt: number
  readonly percentComplete?: number
  readonly message?: string
  readonly code?: string
}

/** Whether a sweep must look at a job. */
export const isDue = ({ dueAt }: Job, now: number): boolean => dueAt !== null && dueAt <= now

/** A valid job id: a path segment that needs no encoding. Others are never looked up. */
export const JOB_ID = /^[\w.~-]{1,128}$/
