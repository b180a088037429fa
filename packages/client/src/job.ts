import { requestCancel } from './cancel'
import { within } from './clock'
import { JobCanceledError } from './errors'
import { follow } from './follow'
import type { Reading } from './reading'
import { fetchResult, jobFailure } from './result'
import type { StatusDocument } from './status-document'
import { openStream } from './stream'
import { isDone, type Tracking } from './tracking'

/** A response whose JSON has a known type. Not an interface, because on Workers `Response.json` has a type parameter. */
export type JobResponse<Result> = { json(): Promise<Result> } & Response

/**
 * A job at a server. It is followed only while it is iterated, subscribed to or waited for; all of these share one connection, which ends
 * with the last of them. The job itself goes on.
 */
export interface Job<Result = unknown> extends AsyncIterable<StatusDocument<Result>> {
  /** The server's id, or the last segment of the status URL. `undefined` if the server answered with the result at once. */
  readonly id: string | undefined
  /** The status URL, absolute: all that {@link Client.resume} needs. `undefined` if the server answered with the result at once. */
  readonly url: string | undefined
  /** The latest status document; `undefined` for a resumed job that has not been polled yet. */
  readonly status: StatusDocument<Result> | undefined
  /** Why the job cannot be followed any further. */
  readonly error: unknown
  /** Calls the listener whenever `status` or `error` changes. Returns a function that unsubscribes it. What it throws is uncaught. */
  subscribe(listener: () => void): () => void
  /** Resolves to the last status document, once the job has succeeded, failed or been canceled. */
  finished(): Promise<StatusDocument<Result>>
  /**
   * Resolves to the handler's response, once the job has finished.
   *
   * @throws {JobFailedError} with the server's problem, and the handler's response if there is one
   * @throws {JobCanceledError}
   */
  result(): Promise<JobResponse<Result>>
  /**
   * Resolves to the handler's response as soon as its head is known, with a body that arrives as it is written. A lost connection is
   * resumed. If the server does not offer live responses, it is the result.
   *
   * Reading the body throws {@link ClientError} `stream_restarted` if the handler fails, is canceled or runs again after it had begun, or if the
   * connection is lost and the body was compressed (`Content-Encoding`).
   *
   * @throws as `result()`, if the job ends before a live response is offered
   */
  stream(): Promise<Response>
  /** Resolves to the result as JSON, from the status document if it is there, otherwise fetched; `undefined` if the body is empty. */
  json(): Promise<Result>
  /** Cancels the job. Resolves to its status: `canceled`, `running` until its work has stopped, or how it has finished before. */
  cancel(): Promise<StatusDocument<Result>>
}

/** Makes a job, which is followed while it has consumers. */
export function createJob<Result>(tracked: Tracking): Job<Result> {
  const { deadline } = tracked
  const listeners = new Set<() => void>()
  let error: unknown
  let consumers = 0
  let stop: (() => void) | undefined

  const changed = () => {
    for (const listener of [...listeners]) void (async () => listener())() // what it throws is uncaught, and the others are called
  }
  const current = () => tracked.reading?.document
  const over = () => isDone(tracked)
  const fail = (reason: unknown) => {
    error ??= reason ?? new Error('Not followed any more.')
    changed()
  }

  function start(): void {
    const limit = deadline.scope()
    let left = false
    stop = () => {
      left = true
      limit.abort()
    }
    follow(tracked, limit.signal, changed)
      .catch((reason) => left || fail(reason))
      .finally(() => limit.end())
  }

  function enter(listener: () => void): () => void {
    listeners.add(listener)
    if (++consumers === 1 && !over() && error === undefined) start()
    return () => {
      if (!listeners.delete(listener)) return
      // Not once it is over: the last response may be the result, whose body is still being read.
      if (--consumers === 0 && !over()) stop?.()
    }
  }

  /** Follows the job until `enough`, or until it is over or cannot be followed. */
  const until = async (enough: () => boolean): Promise<void> => {
    if (over() || enough()) return
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!over() && error === undefined && !enough()) return
        leave()
        resolve()
      }
      const leave = enter(look)
      look()
    })
  }

  const finished = async (): Promise<StatusDocument> => {
    await until(over)
    const document = current()
    if (!document || !over()) throw error
    return document
  }

  /** The type of the result is the caller's; it is not checked. */
  const typed = (document: StatusDocument) => document as StatusDocument<Result>

  const job: Job<Result> = {
    get id() {
      return current()?.id ?? (tracked.url ? new URL(tracked.url).pathname.split('/').filter(Boolean).at(-1) : undefined)
    },
    get url() {
      return tracked.url || undefined
    },
    get status() {
      const document = current()
      return document && typed(document)
    },
    get error() {
      return error
    },
    subscribe: (listener) => enter(() => listener()),
    finished: async () => typed(await finished()),
    async result() {
      const document = await finished()
      if (document.status === 'canceled') throw new JobCanceledError(document)
      return within(deadline.renewed(), async (signal) => {
        if (document.status === 'failed') throw await jobFailure(tracked, document, signal)
        return (await fetchResult(tracked, document, signal)) as JobResponse<Result>
      })
    },
    async stream() {
      for (;;) {
        await until(() => current()?.links.stream !== undefined)
        const url = current()?.links.stream
        if (over() || url === undefined) return job.result()
        const seen = tracked.reading
        const response = await openStream(tracked, url)
        if (response) return response
        await until(() => tracked.reading !== seen) // another attempt has begun, or the job is over
      }
    },
    async json() {
      const document = await finished()
      if (document.status === 'succeeded' && document.result !== undefined) return typed(document).result as Result
      const text = await (await job.result()).text()
      return text === '' ? undefined : JSON.parse(text)
    },
    async cancel() {
      if (!over()) {
        await within(deadline.renewed(), (signal) => requestCancel(tracked, signal))
        changed()
      }
      const document = current()
      if (!document) throw error
      return typed(document)
    },
    [Symbol.asyncIterator]() {
      let seen: Reading | undefined
      let ended = false
      let wake = () => {}
      let leave: (() => void) | undefined
      const end = () => {
        ended = true
        leave?.()
        wake()
        return { done: true, value: undefined } as const
      }
      return {
        async next() {
          leave ??= ended ? undefined : enter(() => wake())
          for (;;) {
            const document = current()
            if (ended) return end()
            if (document && tracked.reading !== seen) {
              seen = tracked.reading
              return { done: false, value: typed(document) }
            }
            if (over()) return end()
            if (error !== undefined) {
              end()
              throw error
            }
            await new Promise<void>((resolve) => {
              wake = resolve
            })
          }
        },
        return: async () => end(),
      }
    },
  }
  return job
}
