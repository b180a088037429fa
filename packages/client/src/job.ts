import { requestCancel } from './cancel'
import { within } from './clock'
import { JobCanceledError } from './errors'
import { follow } from './follow'
import type { Reading } from './reading'
import { fetchResult, jobFailure } from './result'
import type { StatusDocument } from './status-document'
import { openStream } from './stream'
import { isDone, type Tracking } from './tracking'

/** A response whose JSON has a known type. No interface: on Workers the method of `Response` takes a type of its own. */
export type JobResponse<Result> = { json(): Promise<Result> } & Response

/**
 * A job at a server. Nothing is asked until somebody wants to know: an iteration, a result, a subscription; all of them share one
 * connection, and when the last of them leaves it ends. The job goes on.
 */
export interface Job<Result = unknown> extends AsyncIterable<StatusDocument<Result>> {
  /** As the server names it, otherwise the last part of its address. `undefined` for what was answered at once. */
  readonly id: string | undefined
  /** The status URL, absolute: all that {@link Client.resume} needs. `undefined` for what was answered at once. */
  readonly url: string | undefined
  /** The latest that is known; `undefined` for a resumed job that nobody has asked for yet. */
  readonly status: StatusDocument<Result> | undefined
  /** Why it cannot be followed any further. */
  readonly error: unknown
  /** Calls the listener whenever `status` or `error` is another. The function that it returns ends that. */
  subscribe(listener: () => void): () => void
  /** The last status document, once the job is over: succeeded, failed or canceled. */
  finished(): Promise<StatusDocument<Result>>
  /**
   * What the handler answered, once there is an answer: its status, fields and body, fetched when asked for.
   *
   * @throws {JobFailedError} with what the server says of it, and the handler's response where there is one
   * @throws {JobCanceledError}
   */
  result(): Promise<JobResponse<Result>>
  /**
   * What the handler answers, as soon as it begins: its status and fields, and a body that comes as it is written. A lost connection is
   * made again where it was. From a server that shows nothing before the end it is the result.
   *
   * Reading the body throws {@link ClientError} `stream_restarted` where the handler fails, or runs again, after it had begun, and
   * where the connection is lost of a body that was compressed (`Content-Encoding`).
   *
   * @throws as `result()`, where the job ends before it is offered
   */
  stream(): Promise<Response>
  /** The result as JSON: from the status document where it is in it, otherwise fetched. */
  json(): Promise<Result>
  /** Asks for the job to end and resolves to how it is then: `canceled`, or still `running` until its work has stopped. No error where it has finished. */
  cancel(): Promise<StatusDocument<Result>>
}

/** The loop that follows a job, while there is anybody who wants to know. */
export function createJob<Result>(tracked: Tracking): Job<Result> {
  const { deadline } = tracked
  const listeners = new Set<() => void>()
  let error: unknown
  let consumers = 0
  let stop: (() => void) | undefined

  const changed = () => {
    for (const listener of [...listeners]) listener()
  }
  const current = () => tracked.reading?.document
  const over = () => isDone(tracked)
  const fail = (reason: unknown) => {
    error ??= reason ?? new Error('The job is not followed any more.')
    changed()
  }

  function start(): void {
    const limit = deadline.scope()
    let left = false
    stop = () => {
      left = true
      limit.abort(new Error('Nobody listens any more.'))
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
      // Once it is over its last answer may be the result, still on its way.
      if (--consumers === 0 && !over()) stop?.()
    }
  }

  /** Follows the job until it is so, or there is nothing left to follow. */
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

  /** The fields of a result are the handler's own: what they are typed as is the caller's word. */
  const typed = (document: StatusDocument) => document as StatusDocument<Result>

  const job: Job<Result> = {
    get id() {
      const segment = tracked.url === '' ? undefined : new URL(tracked.url).pathname.split('/').filter(Boolean).at(-1)
      return current()?.id ?? segment
    },
    get url() {
      return tracked.url === '' ? undefined : tracked.url
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
        await until(() => tracked.reading !== seen) // another attempt has begun meanwhile, or the job is over
      }
    },
    async json() {
      const document = await finished()
      if (document.status === 'succeeded' && document.result !== undefined) return typed(document).result as Result
      const response = await job.result()
      return response.status === 204 || response.status === 205 ? (undefined as Result) : response.json()
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
