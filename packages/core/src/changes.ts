import { ById } from './by-id'
import type { Job } from './job'
import type { JobStore } from './store'

type Listener = (job: Job) => void
/** Called with the changed job; with `undefined` if another process changed it and it must be read. */
type Watcher = (job: Job | undefined) => void

/** Notifies those who wait in this process that a job has changed. */
export interface Changes {
  /** Whether every change of a job is notified: no other process writes, and one request may wake another. */
  readonly complete: boolean
  /** Whether the store notifies of what other processes write. */
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
 * @param running attempts in this process, which are told of every change of their job
 * @param failed called when the store can no longer notify; those who wait also poll, only more slowly
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
        failed(error, id) // the others are still told
      }
  }
  /** One subscription to the store for all who wait for the job. */
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

/** For Workers, where one request may not wake another: nobody is notified, everybody polls. */
export const NO_CHANGES: Changes = { complete: false, watched: false, emit() {}, on: () => () => {} }
