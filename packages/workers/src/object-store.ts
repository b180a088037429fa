import { type Body, bytesOf, type Job, type JobEvent, type JobStore, JobsError, sizeOf } from '@respond-async/core'
import { checkNoOthers, checkWhole, cursorOf, placeOf } from '@respond-async/core/store'
import { missed } from './index-care'
import { objectEngine } from './object-engine'
import { attachHost } from './object-hosts'
import {
  factsOf,
  indexName,
  type JobNamespace,
  jobName,
  jobOf,
  keyName,
  keyOf,
  type ObjectStub,
  objectOf,
  type ReadJob,
  received,
  rowOf,
  type SentBody,
  type WrittenJob,
} from './object-protocol'
import { SELF_HEADER } from './object-sockets'

/** Options of {@link durableObjectStore}. */
export interface DurableObjectStoreOptions {
  /**
   * Events of history kept for each job, 0 to 1_000. 0: none, and the store has no `events`. Costs one more row per change, two when the oldest is dropped.
   * @default 0
   */
  maxEvents?: number | undefined
  /**
   * Whether jobs without an owner can be listed, with `jobs.list({ owner: null })`. Every change of such a job that a client can see
   * then costs one more call, all to the same object, which limits how many changes there can be per second.
   * @default false
   */
  listNameless?: boolean | undefined
}

/** Largest head, in bytes of JSON with owner and key: a value may have 2 MB, has these twice, and its encoding may double the size. */
const MAX_RECORD_BYTES = 990_000
/** Largest body, in bytes: one call may have 32 MiB in all. */
const MAX_BODY_BYTES = 31_457_280
/** Largest body in chunks, in bytes: a tenth of what an object may store. */
const MAX_BLOB_BYTES = 1_073_741_824
/** Pauses between checks whether the job that claimed a key has been stored, in milliseconds. After the last one it counts as crashed. */
const CLAIMED_MS = [10, 20, 50, 100, 200, 500, 1_000]
/** How many overdue rows of one page are checked against their jobs. */
const MAX_STALE = 20
/** A page of up to so many jobs is full, as `maxPerOwner` needs it. A longer one may end where a call does: all of it may not fit into memory. */
const FULL = 100

/**
 * Stores each job in a Durable Object of its own, which an alarm wakes when the job is due: scales with the number of jobs and needs no
 * sweep. Each owner's list and each idempotency key is an object too. Records without their bodies up to 990 kB, bodies up to 30 MiB.
 *
 * Comes with its engine: a job with a `maxRunMs` of up to 25_000 (the default) runs in the isolate that took the request, under
 * `waitUntil`; one with up to 870_000 runs in its object, under the alarm, with the request rebuilt.
 *
 * Call it, and `createJobs`, at the top level of the module that exports `JobObject`: `durableObjectStore(env.JOBS)`, with `env` from
 * `cloudflare:workers`.
 *
 * @throws {JobsError} `invalid_option`
 */
export function durableObjectStore(namespace: JobNamespace, options: DurableObjectStoreOptions = {}): JobStore {
  const { maxEvents = 0, listNameless = false, ...others } = options
  checkNoOthers('durableObjectStore', others)
  if (typeof namespace?.idFromName !== 'function')
    throw invalid(
      'durableObjectStore needs the binding of a Durable Object namespace, durableObjectStore(env.JOBS), named in wrangler.jsonc',
    )
  checkWhole('durableObjectStore: maxEvents', maxEvents, 0, 1_000)
  const at = (name: string) => objectOf(namespace, name)
  const jobAt = (id: string) => at(jobName(id))
  const engine = objectEngine(jobAt)
  const indexOf = (owner: string | null) => (owner === null && !listNameless ? undefined : at(indexName(owner)))

  const put = async (written: WrittenJob, job: Job) => {
    const answer = await jobAt(job.id).insertJob(written)
    if (answer.inserted) return { inserted: true, job } as const
    return answer.head === null ? null : ({ inserted: false, job: jobOf(answer.head) } as const)
  }
  /** Inserts a job with an idempotency key: claims the key, then inserts. A claim whose job is never stored passes to another. */
  const putKeyed = async (written: WrittenJob, job: Job, key: string) => {
    for (let holder = await at(key).claim(job.id); ; ) {
      if (holder === job.id) {
        const answer = await put(written, job)
        if (answer) {
          if (!answer.inserted && keyOf(answer.job) !== key) await at(key).free(job.id)
          return answer
        }
        holder = await at(key).claim(job.id)
        if (holder === job.id)
          throw new JobsError('store_unavailable', 'Storing the job took so long that another took its key; try again.')
      }
      const there = await settled(jobAt(holder))
      if (there && keyOf(there) === key) return { inserted: false, job: there } as const
      holder = await at(key).claim(job.id, holder)
    }
  }
  /** Updates the index. If that fails, no job fails for it: the row comes with the next change, or is checked when overdue. */
  const enlist = async (job: Job, head: string, isInsert?: boolean): Promise<void> => {
    const index = indexOf(job.owner)
    if (job.goneAt !== undefined) return index?.dropRow(job.id)
    const isNew = await index?.putRow(rowOf(job, head)).catch(missed)
    if (isNew && !isInsert) await lookAgain(job) // its row may have been dropped before this one came
  }
  /** Frees the key that a job had and claims the one that it has now. */
  const exchange = async (id: string, before?: string, after?: string) => {
    if (before !== after) await Promise.all([before && at(before).free(id), after && at(after).claim(id)])
  }
  /** Reads an overdue job again: its lease was renewed, or its row missed a change, if the writer was cut off before it updated the index. */
  const lookAgain = async (job: Job): Promise<Job | null> => {
    try {
      const read = await jobAt(job.id).readJob('head')
      const now = read && jobOf(read.head)
      if (now && now.goneAt === undefined) {
        if (now.version !== job.version) await enlist(now, read.head)
        return now
      }
      await indexOf(job.owner)?.dropRow(job.id)
      return null
    } catch (error) {
      missed(error)
      return job
    }
  }

  return {
    capabilities: {
      ...{ durable: true, shared: true, due: false, list: true, listAll: false, events: maxEvents > 0, watch: false },
      ...{ maxRecordBytes: MAX_RECORD_BYTES, maxBodyBytes: MAX_BODY_BYTES },
    },
    blobs: {
      maxBodyBytes: MAX_BLOB_BYTES,
      write: (id, name, index, chunk) => jobAt(id).writeChunk(name, index, alone(chunk)),
      read: (id, name, index) => jobAt(id).readChunk(name, index),
      remove: (id, keep) => jobAt(id).removeChunks(keep),
    },
    engine,
    attach(host) {
      attachHost(namespace, host)
      void engine.start?.(host.run) // only stores it: jobs may run in any isolate that accepts them
    },

    async insert(job, events) {
      const written = writing(job, events, maxEvents)
      if (written.key === undefined) {
        // In parallel: a row in the index without its job is found when it is overdue.
        const [answer] = await Promise.all([put(written, job), enlist(job, written.head, true)])
        if (!answer) throw new JobsError('store_unavailable', 'This id was abandoned; insert the job with a new one.')
        const { owner, goneAt } = answer.job
        if (!answer.inserted && (owner !== job.owner || goneAt !== undefined)) await indexOf(job.owner)?.dropRow(job.id)
        return answer
      }
      const answer = await putKeyed(written, job, written.key)
      if (answer.inserted) await enlist(job, written.head, true)
      return answer
    },
    async get(id, view = 'full') {
      const read = await jobAt(id).readJob(view)
      if (!read) return null
      return view === 'head' ? jobOf(read.head) : wholeOf(read)
    },
    async replace(next, events) {
      const written = writing(next, events, maxEvents)
      const answer = await jobAt(next.id).replaceJob(written)
      if (!answer.replaced) return { replaced: false, current: answer.head === null ? null : jobOf(answer.head) }
      // Of what no client sees, as the renewal of a lease, the row hears nothing: it is overdue then, and the next list looks at the job.
      await Promise.all([answer.revision !== next.revision && enlist(next, written.head), exchange(next.id, answer.key, written.key)])
      return { replaced: true }
    },
    async claim(id, version, changes, events = []) {
      const answer = await jobAt(id).claimJob({ version, changes, events, maxEvents })
      if (!answer) return { claimed: false, job: null }
      const { claimed } = answer
      const job = wholeOf(answer)
      if (claimed) await enlist(job, answer.head)
      return { claimed, job }
    },
    async remove(id, version) {
      const gone = await jobAt(id).removeJob(version)
      if (!gone) return false
      const { key, owner } = gone
      await Promise.all([exchange(id, key), indexOf(owner)?.dropRow(id)])
      return true
    },
    async holder(owner, key) {
      const name = keyName(owner, key)
      const id = await at(name).holder()
      const read = id === null ? null : await jobAt(id).readJob('head')
      const job = read && jobOf(read.head)
      // A key may be claimed before its job is stored, and freed only after the job has given it up.
      return job && keyOf(job) === name ? job : null
    },
    async list({ owner, status, operation, limit, cursor }) {
      if (owner === undefined) throw invalid('durableObjectStore: there is one index per owner; name the owner whose jobs to list')
      const index = indexOf(owner)
      if (!index) throw invalid('durableObjectStore: jobs without an owner can be listed only with { listNameless: true }')
      const statuses = typeof status === 'string' ? [status] : status
      const page: Job[] = []
      let last = placeOf(cursor)
      let more = true
      while (more && page.length < Math.min(limit, FULL)) {
        const part = await index.rows({ statuses, operation, after: last, limit: limit - page.length })
        page.push(...part.heads.map(jobOf))
        last = page.at(-1)
        more = part.more
      }
      const now = Date.now()
      const overdue = page.filter((job) => dueOf(job) <= now).sort((a, b) => dueOf(a) - dueOf(b))
      const stale = new Set(overdue.slice(0, MAX_STALE))
      const seen = await Promise.all(page.map((job) => (stale.has(job) ? lookAgain(job) : job)))
      const jobs = seen.filter((job) => job && (!statuses || statuses.includes(job.status))) as Job[] // null is filtered out
      return { jobs, cursor: more && last ? cursorOf(last) : undefined }
    },
    async connect(id, self) {
      const headers = { upgrade: 'websocket', [SELF_HEADER]: self }
      const response = await jobAt(id).fetch(new Request('https://job/', { headers }))
      if (response.status === 101) return new Response(null, response) // copied, so that middleware can add header fields
      throw new JobsError('store_unavailable', `The object of the job opened no socket, but answered ${response.status}.`)
    },
    ...(maxEvents > 0 && {
      events: (id: string, after: number, limit: number) => jobAt(id).readEvents(after, limit),
    }),
    async close() {},
  }
}

const dueOf = ({ dueAt }: Job) => dueAt ?? Number.POSITIVE_INFINITY
const invalid = (message: string) => new JobsError('invalid_option', message)

/** A record as it is sent to its object. @throws {JobsError} `too_large` */
function writing(job: Job, events: readonly JobEvent[] = [], maxEvents: number): WrittenJob {
  const { requestBody, responseBody, ...rest } = job
  const head = JSON.stringify(rest)
  const facts = factsOf(job)
  if (sizeOf(head + facts.owner + facts.key) > MAX_RECORD_BYTES)
    throw new JobsError('too_large', `A job may have at most ${MAX_RECORD_BYTES} bytes, besides its bodies.`)
  if (sizeOf(requestBody ?? '') + sizeOf(responseBody ?? '') > MAX_BODY_BYTES)
    throw new JobsError('too_large', `Bodies may have at most ${MAX_BODY_BYTES} bytes; put larger ones into R2 and answer with a link.`)
  return {
    ...facts,
    head,
    isGone: job.goneAt !== undefined,
    requestBody: sent(requestBody),
    responseBody: sent(responseBody),
    events,
    maxEvents,
  }
}

function sent(body: Body | null | undefined): SentBody | null | undefined {
  if (body === undefined || body === null) return body
  return { isText: typeof body === 'string', bytes: alone(bytesOf(body)) }
}

/** Copies a view, with which its whole buffer would be sent. */
const alone = (bytes: Uint8Array) => (bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice())

/** A record with its bodies. */
const wholeOf = ({ head, requestBody, responseBody }: ReadJob): Job => ({
  ...jobOf(head),
  requestBody: requestBody ? received(requestBody) : null,
  responseBody: responseBody ? received(responseBody) : null,
})

/** Resolves to the job that claimed a key, once it is stored; `null` if it never will be. */
async function settled(job: ObjectStub): Promise<Job | null> {
  for (const pause of CLAIMED_MS) {
    const there = await job.readJob('head')
    if (there) return jobOf(there.head)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
  const head = await job.bar()
  return head === null ? null : jobOf(head)
}
