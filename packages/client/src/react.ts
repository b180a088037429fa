import { type Client, ClientError, createClient, type Job, type JobStatus, type StatusDocument } from '@respond-async/client'
import { useCallback, useMemo, useSyncExternalStore } from 'react'

/** Options of {@link useJob}. */
export interface UseJobOptions {
  /** Resumes jobs that are given by their status URL. Create it outside of the component. @default a client without options */
  client?: Client | undefined
}

/** A job as {@link useJob} returns it. */
export interface JobView<Result> {
  /** `undefined` while there is none. */
  readonly job: Job<Result> | undefined
  /** The job's state; `idle`: no job, `loading`: its status is not known yet. */
  readonly state: JobStatus | 'idle' | 'loading'
  /** The whole status document: `percentComplete`, `message`, `result`, `error`, … */
  readonly status: StatusDocument<Result> | undefined
  /** Why the job cannot be followed: the server refuses, or the time limit has passed. A failed job is no such error, see `state`. */
  readonly error: unknown
  /** Whether the job is unfinished (or `loading`) and there is no `error`. */
  readonly isPending: boolean
  /** Cancels the job. Never throws: the next status shows the outcome. */
  readonly cancel: () => void
}

let plainClient: Client | undefined

/**
 * Follows a job while the component is mounted, and rerenders with each change. Takes a job, its status URL (as after a reload), or
 * nothing, which an empty string is too. Components with the same job share one connection. When the last one unmounts polling stops,
 * and the job goes on.
 */
export function useJob<Result = unknown>(
  source: Job<Result> | string | URL | null | undefined,
  options: UseJobOptions = {},
): JobView<Result> {
  if (!options) throw new ClientError('invalid_option', 'options must be an object')
  const { client, ...others } = options
  for (const name in others) throw new ClientError('invalid_option', `${name} is not an option`)
  const given = source instanceof URL ? String(source) : source || undefined
  const job = useMemo(() => {
    if (typeof given !== 'string') return given
    plainClient ??= createClient()
    try {
      return (client ?? plainClient).resume<Result>(given)
    } catch (error) {
      // During server-side rendering there is no page for relative URLs; the browser will follow the job.
      if (typeof window === 'undefined') return undefined
      throw error
    }
  }, [given, client])
  const subscribe = useCallback((listener: () => void) => job?.subscribe(listener) ?? (() => {}), [job])
  const statusNow = () => job?.status
  const errorNow = () => job?.error
  const status = useSyncExternalStore(subscribe, statusNow, statusNow)
  const error = useSyncExternalStore(subscribe, errorNow, errorNow)
  // Errors are ignored: the next status shows the outcome, and `job.cancel()` rejects for those who need the error.
  const cancel = useCallback(() => void job?.cancel().catch(() => {}), [job])
  return useMemo(() => {
    const state = status?.status ?? (given ? 'loading' : 'idle')
    const isPending = error === undefined && (state === 'loading' || state === 'queued' || state === 'running')
    return { job, state, status, error, isPending, cancel }
  }, [job, given, status, error, cancel])
}
