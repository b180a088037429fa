import { JobsError } from './errors'
import type { Job } from './job'
import { transition } from './lifecycle'
import type { BlobStore, Inserted, JobStore } from './store'

/**
 * A store with a bound on the time that it may take: a server that hangs would otherwise hold every request, and every handler
 * that reports progress, for as long.
 *
 * @throws {JobsError} `store_unavailable`, from every method that did not answer in `ms` milliseconds.
 */
export function inTime(store: JobStore, ms: number): JobStore {
  const bounded =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    (...args: Args) =>
      within(ms, call(...args))
  return {
    capabilities: store.capabilities,
    async insert(job, events, handOver) {
      const work = store.insert(job, events, handOver)
      try {
        return await within(ms, work)
      } catch (error) {
        const late = ({ inserted }: Inserted) => (inserted ? undo(store, job) : undefined)
        work.then(late, (failed) => (failed instanceof JobsError ? undefined : undoLater(store, job, ms))).catch(() => {})
        throw error
      }
    },
    get: bounded((id, view) => store.get(id, view)),
    replace: bounded((next, events) => store.replace(next, events)),
    remove: bounded((id, version) => store.remove(id, version)),
    claim: store.claim && bounded(store.claim.bind(store)),
    holder: store.holder && bounded(store.holder.bind(store)),
    due: store.due && bounded(store.due.bind(store)),
    list: store.list && bounded(store.list.bind(store)),
    events: store.events && bounded(store.events.bind(store)),
    watch: store.watch?.bind(store),
    connect: store.connect && bounded(store.connect.bind(store)),
    close: store.close?.bind(store),
    engine: store.engine,
    attach: store.attach?.bind(store),
    blobs: store.blobs && blobsInTime(store.blobs, ms),
  }
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
  await new Promise<void>((resolve) => Object(setTimeout(resolve, ms)).unref?.())
  await undo(store, head)
}

function blobsInTime(blobs: BlobStore, ms: number): BlobStore {
  return {
    maxBodyBytes: blobs.maxBodyBytes,
    write: (...chunk) => within(ms, blobs.write(...chunk)),
    read: (...chunk) => within(ms, blobs.read(...chunk)),
    remove: (...body) => within(ms, blobs.remove(...body)),
  }
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new JobsError('store_unavailable', `The job store has not answered within ${ms} ms (storeTimeoutMs).`))
    const timer = setTimeout(late, ms)
    work.then(
      (answer) => {
        clearTimeout(timer)
        resolve(answer)
      },
      (error) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
