import { ById } from './by-id'
import type { Job } from './job'
import type { JobStore } from './store'

type Listener = (job: Job) => void
/** `undefined`: another process has changed it, so it has to be read. */
type Watcher = (job: Job | undefined) => void

/** Tells whoever waits in this process that a job has changed. */
export interface Changes {
  /** Whether every change of a job is heard here: no other process writes, and one request may wake another. */
  readonly complete: boolean
  /** Whether the store tells of what other processes write. */
  readonly watched: boolean
  emit(job: Job): void
  /** Calls `watcher` at every change of the job until the returned function is called. */
  on(id: string, watcher: Watcher): () => void
}

interface Watched {
  readonly watchers: Set<Watcher>
  readonly watch: AbortController
}

/**
 * @param running attempts of this process, who hear of every change of their own job
 * @param failed hears that the store could not tell of changes any longer: those who wait read now and then all the same
 */
export function createChanges(
  store: JobStore,
  running: Pick<ById<{ hear: Listener }>, 'get'>,
  failed: (error: unknown, id: string) => void,
): Changes {
  const { shared, watch: watched } = store.capabilities
  const jobs = new ById<Watched>()
  const tell = (id: string, those: Watched | undefined, job: Job | undefined) => {
    if (!those) return
    for (const watcher of [...those.watchers])
      try {
        watcher(job)
      } catch (error) {
        failed(error, id) // the others are told all the same
      }
  }
  /** One subscription for all who wait for a job. */
  const subscribe = async (id: string, those: Watched) => {
    try {
      for await (const _version of store.watch?.(id, those.watch.signal) ?? []) tell(id, those, undefined)
    } catch (error) {
      if (!those.watch.signal.aborted) failed(error, id)
    }
  }
  return {
    complete: !shared,
    watched,
    emit(job) {
      running.get(job.id)?.hear(job)
      tell(job.id, jobs.get(job.id), job)
    },
    on(id, watcher) {
      let those = jobs.get(id)
      if (!those) {
        those = { watchers: new Set(), watch: new AbortController() }
        jobs.set(id, those)
        if (shared && watched) void subscribe(id, those)
      }
      const { watchers, watch } = those
      watchers.add(watcher)
      return () => {
        watchers.delete(watcher)
        if (watchers.size > 0 || jobs.get(id)?.watchers !== watchers) return
        jobs.delete(id)
        watch.abort()
      }
    },
  }
}

/** For Workers, where what one request resolves may not wake another: nobody is told, everybody reads. */
export const NO_CHANGES: Changes = { complete: false, watched: false, emit() {}, on: () => () => {} }
