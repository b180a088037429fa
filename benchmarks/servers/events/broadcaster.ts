/** What people write by hand: a set of open responses, one text for each change, written to all of them. No resume, no slow readers, no comments. */
import { createJob, findJob, type Job, runJob, showJob } from '../hand-written.ts'
import { pacedWork } from './paced.ts'

interface Broadcast {
  readonly watchers: Set<Watcher>
  last: Uint8Array
}
/** A response that stays open. */
export interface Watcher {
  write(piece: Uint8Array): void
  end(): void
}

export const HEADERS = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' }
const broadcasts = new Map<string, Broadcast>()
const encoder = new TextEncoder()

const eventOf = (job: Job, name: string, more: object): Uint8Array => {
  const { links, ...shown } = showJob(job)
  return encoder.encode(
    `id: ${job.version}\nevent: ${name}\ndata: ${JSON.stringify({ ...shown, retryAfterMs: undefined, ...more, links })}\n\n`,
  )
}

/** A job that sends each step to all its watchers. */
export function startWatched(): Job {
  const job = createJob('watched')
  const watched: Broadcast = { watchers: new Set(), last: eventOf(job, 'queued', {}) }
  broadcasts.set(job.id, watched)
  const tell = (piece: Uint8Array) => {
    watched.last = piece
    for (const one of watched.watchers) one.write(piece)
  }
  const work = () => {
    tell(eventOf(job, 'running', {}))
    return pacedWork((percentComplete, message) => {
      job.version++
      job.lastUpdatedAt = Date.now()
      tell(eventOf(job, 'progress', { percentComplete, message }))
    })
  }
  setImmediate(async () => {
    await runJob(job, work)
    tell(eventOf(job, job.status, { percentComplete: 100 }))
    for (const one of watched.watchers) one.end()
    watched.watchers.clear()
  })
  return job
}

const RETRY = encoder.encode('retry: 2000\n\n')

/** Adds a watcher; the returned function removes it. `undefined`: there is no such job. */
export function join(id: string, watcher: Watcher): (() => void) | undefined {
  const watched = findJob(id) && broadcasts.get(id)
  if (!watched) return undefined
  watched.watchers.add(watcher)
  watcher.write(RETRY)
  watcher.write(watched.last)
  return () => void watched.watchers.delete(watcher)
}
