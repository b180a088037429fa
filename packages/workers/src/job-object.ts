import { DurableObject } from 'cloudflare:workers'
import { type JobMessage, type JobView, SOCKET_CODES, type StoreHost } from '@respond-async/core'
import { isTooBig } from '@respond-async/core/fetch'
import type { Place } from '@respond-async/core/store'
import { careForLines, missed } from './index-care'
import { type Alarm, startAlarm } from './object-alarm'
import { jobChunks } from './object-chunks'
import { hostOf } from './object-hosts'
import { jobIndex } from './object-index'
import { type ClaimedJob, factsOf, type IndexQuery, type IndexRow, jobOf, type ObjectStub, type WrittenJob } from './object-protocol'
import { jobRecord, type KeptJob } from './object-record'
import { jobSockets, SELF_HEADER } from './object-sockets'

/** How much earlier than due an alarm may stay set, in milliseconds: not moved at every renewal of a lease, it fires and is set again. */
const SLACK_MS = 60_000
/** Pause before the next alarm for a job that is still overdue, in milliseconds. */
const AGAIN_MS = 15_000
/** Longest delay of an alarm, in milliseconds: a year, since alarms take no time after 2189, but results may be kept longer. */
const FARTHEST_MS = 31_536_000_000
/** How long an abandoned insert is refused if it still arrives, in milliseconds. */
const BARRED_MS = 3_600_000
/** How long chunks are kept after the last one if their job is not inserted, in milliseconds. */
const ORPHANED_MS = 3_600_000
/** Pause between two checks of an index, and between the parts of one, in milliseconds. */
const CARE_MS = 86_400_000
const CARE_PART_MS = 60_000

/** How far an index has been checked. */
interface Care {
  readonly after?: Place
}

/**
 * The Durable Object class of `durableObjectStore`; export it from the Worker that makes the jobs. Depending on its name, an object is a
 * job (its record, bodies and alarm), an idempotency key (which job holds it) or the index of an owner (for lists).
 *
 * Its methods are for the store only, and may change with any version.
 */
export class JobObject<Env = unknown> extends DurableObject<Env> implements ObjectStub {
  readonly #record = jobRecord(this.ctx.storage)
  readonly #index = jobIndex(this.ctx.storage.sql)
  readonly #chunks = jobChunks(this.ctx.storage)
  readonly #sockets = jobSockets(this.ctx)
  readonly #kv = this.ctx.storage.kv
  #alarmAt: number | undefined
  #isCaredFor: boolean | undefined
  /** The latest call of the alarm handler. */
  #alarm: Alarm | undefined

  /**
   * Called before an alarm needs the jobs. Override it if your fetch handler calls `createJobs`, and call `createJobs` here in the same
   * way. Jobs that are made at the top level of the module need no override.
   */
  protected prepare(): void {}

  async insertJob(job: WrittenJob) {
    const kept = this.#record.load()
    if (kept) return { inserted: false, head: kept.head } as const
    if (this.#kv.get('barred')) return { inserted: false, head: null } as const
    this.#write(job)
    return { inserted: true } as const
  }

  async readJob(view: JobView) {
    return this.#record.read(view === 'full')
  }

  async replaceJob(job: WrittenJob) {
    const before = this.#record.load()
    if (before?.version !== job.version - 1) return { replaced: false, head: before?.head ?? null } as const
    this.#write(job)
    this.#alarm?.changed(job.head)
    return { replaced: true, key: before.key, revision: before.revision } as const
  }

  async claimJob({ version, changes, events, maxEvents }: ClaimedJob) {
    const before = this.#record.load()
    if (!before) return null
    const claimed = before.version === version
    if (claimed) {
      const job = { ...jobOf(before.head), ...changes }
      // Bodies unchanged. No run is told: none has begun.
      this.#write({ ...factsOf(job), head: JSON.stringify(job), events, maxEvents })
    }
    const read = this.#record.read(true)
    return read && { ...read, claimed }
  }

  async removeJob(version?: number) {
    const kept = this.#record.load()
    if (!kept || (version !== undefined && version !== kept.version)) return null
    await this.#clear()
    const { owner, key } = kept
    return { owner, key }
  }

  async readEvents(after: number, limit: number) {
    const all = this.#record.events()
    const events = all.filter((event) => event.version > after).slice(0, limit)
    return { events, truncated: (all[0]?.version ?? 0) > after + 1 }
  }

  /** Runs a message under the alarm. */
  async wake(message: JobMessage) {
    this.#kv.put('message', message)
    this.#setAlarm(Date.now())
  }

  /** Returns the job's head. If there is no job, an insert that is still on its way will be refused. */
  async bar() {
    const kept = this.#record.load()
    if (kept) return kept.head
    this.#kv.put('barred', true)
    this.#setAlarm(Date.now() + BARRED_MS)
    return null
  }

  /** Writes a chunk. Chunks come before their job; if that is never inserted, an alarm removes them. */
  async writeChunk(name: string, index: number, chunk: Uint8Array) {
    this.#chunks.write(name, index, chunk)
    const now = Date.now()
    if (!this.#record.load() && (this.#alarmAt ?? 0) < now + ORPHANED_MS / 2) this.#setAlarm(now + ORPHANED_MS)
  }

  async readChunk(name: string, index: number): Promise<Uint8Array | null> {
    return this.#chunks.read(name, index)
  }

  async removeChunks(keep?: string) {
    this.#chunks.remove(keep)
    if (!this.#record.load() && keep === undefined && !this.#kv.get('barred')) await this.#clear()
  }

  /** Claims the key for `id` if nobody or `instead` holds it. Returns who holds it now. */
  async claim(id: string, instead?: string) {
    const holder = this.#kv.get<string>('holder')
    if (holder !== undefined && holder !== instead) return holder
    this.#kv.put('holder', id)
    return id
  }

  async free(id: string) {
    if (this.#kv.get('holder') === id) await this.#clear()
  }

  async holder() {
    return this.#kv.get<string>('holder') ?? null
  }

  async putRow(row: IndexRow) {
    const isNew = this.#index.put(row)
    if (!this.#isCaredFor && !this.#kv.get('care')) {
      this.#kv.put<Care>('care', {})
      this.#setAlarm(Date.now() + CARE_MS)
    }
    this.#isCaredFor = true
    return isNew
  }

  async dropRow(id: string) {
    this.#index.drop(id)
  }

  async rows(query: IndexQuery) {
    return this.#index.rows(query)
  }

  /** Opens a socket for a watcher of the job. By `fetch`, because an RPC method cannot return a socket. */
  override async fetch({ headers }: Request): Promise<Response> {
    const kept = this.#record.load()
    const job = kept && jobOf(kept.head)
    const self = headers.get(SELF_HEADER)
    if (!job || job.goneAt !== undefined || self === null) return new Response(null, { status: 404 })
    return this.#sockets.open(job, self, this.#host())
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer) {
    if (isTooBig(data)) this.#sockets.close(socket, SOCKET_CODES.tooBig)
  }

  override webSocketClose(socket: WebSocket) {
    this.#sockets.close(socket, SOCKET_CODES.over)
  }

  /** Runs the waiting message, or has core repair the job, whose lease, start or expiry is due. */
  override async alarm() {
    this.#alarmAt = undefined
    const kept = this.#record.load()
    const care = this.#kv.get<Care>('care')
    if (care) return this.#care(care)
    if (!kept) return this.#clear()
    try {
      await this.#attend(kept)
    } catch (error) {
      console.error('respond-async: alarm:', error)
    }
    this.#setNext(kept)
  }

  /** Checks the next part of this index. */
  async #care({ after }: Care) {
    try {
      const known = this.#known()
      const next = known ? await careForLines(this.#index, known.namespace, after) : undefined
      if (this.#index.lines(undefined, 1).length === 0) return this.#clear()
      this.#kv.put<Care>('care', { after: next })
      this.#setAlarm(Date.now() + (next ? CARE_PART_MS : CARE_MS))
    } catch (error) {
      missed(error)
      this.#setAlarm(Date.now() + CARE_PART_MS)
    }
  }

  /** Sets the next alarm; after a pause if this one changed nothing. */
  #setNext(before: KeptJob) {
    const after = this.#record.load()
    if (!after) return
    const now = Date.now()
    const { dueAt } = after
    const overdue = after.version === before.version ? now + AGAIN_MS : now
    if (dueAt !== null) this.#setAlarm(dueAt > now ? dueAt : overdue)
  }

  async #attend(kept: KeptJob) {
    const message = this.#kv.get<JobMessage>('message')
    this.#kv.delete('message') // also if it cannot be run: otherwise alarms would fire without pause. The job is due later anyway
    const host = this.#host()
    const { id } = jobOf(kept.head)
    const alarm = startAlarm(this.env, this.ctx)
    this.#alarm = alarm
    if (message) await host.run(message, alarm.context)
    else await host.repair(id, alarm.context.platform)
    await alarm.settled()
  }

  #known() {
    this.prepare()
    return hostOf(this.ctx.id)
  }

  #host(): StoreHost {
    const known = this.#known()
    if (known) return known.host
    throw new Error(
      'No jobs were made for this namespace in this isolate. Call createJobs({ store: durableObjectStore(env.JOBS) }) at the top ' +
        'level of the module that exports JobObject, or override prepare().',
    )
  }

  #write(job: WrittenJob) {
    this.#record.write(job)
    if (job.isGone) this.#chunks.remove()
    if (this.#sockets.some()) this.#tell(job)
    const { dueAt } = job
    if (dueAt === null) return
    if (this.#alarmAt === undefined || dueAt < this.#alarmAt || dueAt > this.#alarmAt + SLACK_MS) this.#setAlarm(dueAt)
  }

  /** Notifies watchers. The record has been written and stays so, even if this fails. */
  #tell({ head, isGone }: WrittenJob) {
    try {
      if (isGone) this.#sockets.end()
      else this.#sockets.changed(jobOf(head), this.#host())
    } catch (error) {
      console.error('respond-async: sockets:', error)
    }
  }

  #setAlarm(at: number) {
    const now = Date.now()
    this.#alarmAt = Math.min(this.#kv.get('message') ? now : at, now + FARTHEST_MS) // a waiting message is due now
    void this.ctx.storage.setAlarm(this.#alarmAt) // in one commit with the other writes; an error resets the object
  }

  async #clear() {
    this.#record.forget()
    this.#chunks.forget()
    this.#index.forget()
    this.#alarmAt = undefined
    this.#isCaredFor = false
    this.#sockets.end()
    await this.ctx.storage.deleteAlarm()
    await this.ctx.storage.deleteAll()
  }
}
