import { type Client, createClient, type Job, type JobStatus, type StatusDocument } from '@respond-async/client'
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
  { client }: UseJobOptions = {},
): JobView<Result> {
  const address = typeof source === 'string' || source instanceof URL ? String(source) || undefined : undefined
  const given = address === undefined && typeof source === 'object' && source !== null && !(source instanceof URL) ? source : undefined
  const isGiven = address !== undefined || given !== undefined
  const job = useMemo(() => {
    if (address === undefined) return given
    plainClient ??= createClient()
    try {
      return (client ?? plainClient).resume<Result>(address)
    } catch (error) {
      // During server-side rendering there is no page for relative URLs; the browser will follow the job.
      if (typeof window === 'undefined') return undefined
      throw error
    }
  }, [address, given, client])
  const subscribe = useCallback((listener: () => void) => job?.subscribe(listener) ?? (() => {}), [job])
  const statusNow = () => job?.status
  const errorNow = () => job?.error
  const status = useSyncExternalStore(subscribe, statusNow, statusNow)
  const error = useSyncExternalStore(subscribe, errorNow, errorNow)
  // Errors are ignored: the next status shows the outcome, and `job.cancel()` rejects for those who need the error.
  const cancel = useCallback(() => void job?.cancel().catch(() => {}), [job])
  return useMemo(() => {
    const state = status?.status ?? (isGiven ? 'loading' : 'idle')
    const isPending = error === undefined && (state === 'loading' || state === 'queued' || state === 'running')
    return { job, state, status, error, isPending, cancel }
  }, [job, isGiven, status, error, cancel])
}
