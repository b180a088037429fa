import type { Job } from './job'

type Listener = (job: Job) => void

/** Tells whoever waits in this process that a job has changed. */
export interface Changes {
  /** Whether every change of a job is heard here: no other process writes, and one request may wake another. */
  readonly complete: boolean
  emit(job: Job): void
  /** Calls `listener` at every change of the job until the returned function is called. */
  on(id: string, listener: Listener): () => void
}

/** @param running attempts of this process, who hear of every change of their own job */
export function createChanges(complete: boolean, running: ReadonlyMap<string, { hear: Listener }>): Changes {
  const listeners = new Map<string, Set<Listener>>()
  return {
    complete,
    emit(job) {
      running.get(job.id)?.hear(job)
      const those = listeners.get(job.id)
      if (those) for (const listener of [...those]) listener(job)
    },
    on(id, listener) {
      const those = listeners.get(id) ?? new Set()
      listeners.set(id, those.add(listener))
      return () => {
        those.delete(listener)
        if (those.size === 0) listeners.delete(id)
      }
    },
  }
}

/** For Workers, where what one request resolves may not wake another: nobody is told, everybody reads. */
export const NO_CHANGES: Changes = { complete: false, emit() {}, on: () => () => {} }
