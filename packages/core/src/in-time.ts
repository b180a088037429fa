import { ById } from './by-id'
import { isJobsError, JobsError } from './errors'
import type { Job } from './job'
import { transition } from './lifecycle'
import type { BlobStore, Inserted, JobStore } from './store'
import { unrefTimer, within } from './time'

/**
 * A store with a bound on the time that it may take: a server that hangs would otherwise hold every request, and every handler
 * that reports progress, for as long.
 *
 * Its place for large bodies is left to {@link blobsInTime}.
 *
 * @throws {JobsError} `store_unavailable`, from every method that did not answer in `ms` milliseconds.
 */
export function inTime(store: JobStore, ms: number): JobStore {
  return {
    capabilities: store.capabilities,
    async insert(job, events, handOver) {
      const work = store.insert(job, events, handOver)
      try {
        return await answered(ms, work)
      } catch (error) {
        const late = ({ inserted }: Inserted) => (inserted ? undo(store, job) : undefined)
        work.then(late, (failed) => (isJobsError(failed) ? undefined : undoLater(store, job, ms))).catch(() => {})
        throw error
      }
    },
    ...bounded(store, ms, ['get', 'replace', 'remove', 'claim', 'holder', 'due', 'list', 'events', 'connect']),
    watch: store.watch?.bind(store),
    close: store.close?.bind(store),
    engine: store.engine,
    attach: store.attach?.bind(store),
  }
}

/**
 * The same for a place of large bodies, without a bound where none is given. Writes of one body come one after the other, those that
 * were given up too: what a chunk of a growing body had in it would otherwise come over what it has by then.
 */
export function blobsInTime(blobs: BlobStore, ms: number | undefined): BlobStore {
  const under = new ById<Promise<void>>()
  return {
    maxBodyBytes: blobs.maxBodyBytes,
    write(id, name, index, chunk) {
      const body = `${id}/${name}`
      const write = () => blobs.write(id, name, index, chunk)
      const work = (under.get(body) ?? Promise.resolve()).then(write, write)
      const ended = () => under.delete(body, work)
      under.set(body, work)
      work.then(ended, ended)
      return answered(ms, work)
    },
    ...bounded(blobs, ms, ['read', 'remove']),
  }
}

/** The methods of a store that it has, each with the bound. */
function bounded<Of extends object, Name extends keyof Of>(of: Of, ms: number | undefined, names: readonly Name[]): Pick<Of, Name> {
  const methods = {} as Pick<Of, Name>
  for (const name of names)
    if (typeof of[name] === 'function')
      methods[name] = ((...args: never[]) => answered(ms, (of[name] as (...args: never[]) => Promise<unknown>)(...args))) as Of[Name] // it answers as that does
  return methods
}

/**
 * A job that came to be after all, when its client had been told that it was not taken, is taken back. Not where it has a key: the
 * client may have come again with it by then, and have been told of this job. Then it is handed back, and a sweep hands it over.
 */
async function undo(store: JobStore, job: Job): Promise<void> {
  const stays = job.idempotencyKey !== undefined && job.request !== null
  if (!stays) return void (await store.remove(job.id, job.version))
  const back = transition(job, { type: 'release', attempt: job.attempt, dueAt: job.createdAt, redispatch: true }, job.createdAt)
  if (back) await store.replace(back)
}

/** What failed on its way may be written all the same, and later than now: a connection was lost, or a client has its own time limit. */
async function undoLater(store: JobStore, job: Job, ms: number): Promise<void> {
  const head = { ...job, requestBody: undefined, responseBody: undefined } // nobody's body is held for so long
  await new Promise<void>((resolve) => unrefTimer(ms, resolve))
  await undo(store, head)
}

function answered<T>(ms: number | undefined, work: Promise<T>): Promise<T> {
  const late = () => Promise.reject(new JobsError('store_unavailable', `The job store has not answered within ${ms} ms (storeTimeoutMs).`))
  return ms === undefined ? work : within(ms, work, late)
}
