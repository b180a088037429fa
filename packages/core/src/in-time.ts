import { ById } from './by-id'
import { isJobsError, JobsError } from './errors'
import type { Job } from './job'
import { transition } from './lifecycle'
import type { BlobStore, Inserted, JobStore } from './store'
import { unrefTimer, within } from './time'

/**
 * Wraps a store with a timeout for its calls: a server that hangs would otherwise hold up every request, and every handler that reports
 * progress. Its blob store is left to {@link blobsInTime}.
 *
 * @throws {JobsError} `store_unavailable`, from each method that does not settle within `ms` milliseconds
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
  }
}

/**
 * Wraps a blob store with a timeout, if `ms` is given. Writes of one body run one after another, also after one has timed out: a late
 * write of an older version of a chunk must not overwrite a newer one. A removal waits for the last write of its job: a chunk that is
 * written after it would stay for good. Not without `ms`, on Workers: there the request that writes may have ended without a result.
 */
export function blobsInTime(blobs: BlobStore, ms: number | undefined): BlobStore {
  /** The last write that is under way, by body and by job. */
  const under = new ById<Promise<void>>()
  const after = (key: string, work: () => Promise<void>) => Promise.resolve(under.get(key)).then(work, work)
  return {
    maxBodyBytes: blobs.maxBodyBytes,
    write(id, name, index, chunk) {
      const body = `${id}/${name}`
      const work = after(body, () => blobs.write(id, name, index, chunk))
      under.set(body, work)
      under.set(ms ? id : body, work)
      after(body, async () => {
        under.delete(body, work)
        under.delete(id, work)
      })
      return answered(ms, work)
    },
    remove: (id, keep) =>
      answered(
        ms,
        after(id, () => blobs.remove(id, keep)),
      ),
    ...bounded(blobs, ms, ['read']),
  }
}

/** Those of the named methods that the store has, each with the timeout. */
function bounded<Of extends object, Name extends keyof Of>(of: Of, ms: number | undefined, names: readonly Name[]): Pick<Of, Name> {
  const methods = {} as Pick<Of, Name>
  for (const name of names)
    if (typeof of[name] === 'function')
      methods[name] = ((...args: never[]) => answered(ms, (of[name] as (...args: never[]) => Promise<unknown>)(...args))) as Of[Name] // it answers as that does
  return methods
}

/**
 * Undoes an insert that succeeded only after its client had been answered 503. Not if the job has an idempotency key: the client may
 * have repeated the request by then and know of this job. It is then released, for a sweep to dispatch.
 */
async function undo(store: JobStore, job: Job): Promise<void> {
  if (job.idempotencyKey !== undefined && job.request !== null) {
    const back = transition(job, { type: 'release', attempt: job.attempt, dueAt: job.createdAt, redispatch: true }, job.createdAt)
    if (back) await store.replace(back)
  } else if (!(await store.remove(job.id, job.version))) {
    const now = await store.get(job.id, 'head')
    if (now?.status === 'queued') await store.remove(now.id, now.version) // a sweep has dispatched it again meanwhile
  }
}

/** An insert that failed on the way (lost connection, the database client's own timeout) may still be written, later: undo it later too. */
async function undoLater(store: JobStore, job: Job, ms: number): Promise<void> {
  const head = { ...job, requestBody: undefined } // does not hold the body in memory meanwhile
  await new Promise<void>((resolve) => unrefTimer(ms, resolve))
  await undo(store, head)
}

function answered<T>(ms: number | undefined, work: Promise<T>): Promise<T> {
  if (!ms) return work
  return within(ms, work, (_, reject) =>
    reject(new JobsError('store_unavailable', `The job store did not answer within ${ms} ms (storeTimeoutMs).`)),
  )
}
