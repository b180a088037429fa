import { type Client, createClient, type Job, type JobStatus, type StatusDocument } from '@respond-async/client'
import { useCallback, useMemo, useSyncExternalStore } from 'react'

export interface UseJobOptions {
  /** Resumes jobs that are given by their address. Keep it outside of the component. @default a client without settings */
  client?: Client
}

/** A job as a component sees it. */
export interface JobView<Result> {
  /** `undefined` while there is none. */
  readonly job: Job<Result> | undefined
  /** `idle`: no job; `loading`: nothing is known of it yet. */
  readonly state: JobStatus | 'idle' | 'loading'
  /** The whole status document: `percentComplete`, `message`, `result`, `error`, … */
  readonly status: StatusDocument<Result> | undefined
  /** Why it cannot be followed: the server says no, or its time is over. That a job failed is no such error, see `state`. */
  readonly error: unknown
  readonly isPending: boolean
  /** Asks for the job to end. Never throws: what became of it is told by the next status. */
  readonly cancel: () => void
}

let plainClient: Client | undefined

/**
 * Follows a job while the component is mounted, and renders again with each change. Takes a job, its status URL (after a reload, say), or
 * nothing. Components that are given the same job share one connection; what is unmounted stops asking, and the job goes on.
 */
export function useJob<Result = unknown>(
  source: Job<Result> | string | URL | null | undefined,
  { client }: UseJobOptions = {},
): JobView<Result> {
  const address = typeof source === 'string' || source instanceof URL ? String(source) : undefined
  const given = address === undefined && typeof source === 'object' && source !== null && !(source instanceof URL) ? source : undefined
  const isGiven = address !== undefined || given !== undefined
  const job = useMemo(() => {
    if (address === undefined) return given
    plainClient ??= createClient()
    try {
      return (client ?? plainClient).resume<Result>(address)
    } catch (error) {
      // A server that renders has no page that an address could be relative to, and follows nothing: the browser will.
      if (typeof window === 'undefined') return undefined
      throw error
    }
  }, [address, given, client])
  const subscribe = useCallback((listener: () => void) => job?.subscribe(listener) ?? (() => {}), [job])
  const statusNow = () => job?.status
  const errorNow = () => job?.error
  const status = useSyncExternalStore(subscribe, statusNow, statusNow)
  const error = useSyncExternalStore(subscribe, errorNow, errorNow)
  // What goes wrong with it is left to the next status; a refusal is for those who call job.cancel() themselves.
  const cancel = useCallback(() => void job?.cancel().catch(() => {}), [job])
  return useMemo(() => {
    const state = status?.status ?? (isGiven ? 'loading' : 'idle')
    const isPending = error === undefined && (state === 'loading' || state === 'queued' || state === 'running')
    return { job, state, status, error, isPending, cancel }
  }, [job, isGiven, status, error, cancel])
}
