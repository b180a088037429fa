import { DurableObject } from 'cloudflare:workers'
import { type JobMessage, type JobView, SOCKET_CODES, type StoreHost } from '@respond-async/core'
import { isTooBig } from '@respond-async/core/fetch'
import type { Place } from '@respond-async/core/store'
import { careForLines, missed } from './index-care'
import { type Alarm, startAlarm } from './object-alarm'
import { jobChunks } from './object-chunks'
import { hostOf } from './object-hosts'
import { jobIndex } from './object-index'
import { type ClaimedJob, type IndexQuery, type IndexRow, jobOf, type ObjectStub, type WrittenJob } from './object-protocol'
import { jobRecord, type KeptJob } from './object-record'
import { jobSockets, SELF_HEADER } from './object-sockets'

/** A later alarm is not moved for every renewal of a lease: it fires, finds nothing due and sets itself again. */
const SLACK_MS = 60_000
/** Pause before an alarm looks again at a job that it could not help. */
const AGAIN_MS = 15_000
/** An alarm takes no time after 2189, and a result may be kept for longer: it is woken once a year, then. */
const FARTHEST_MS = 31_536_000_000
/** How long an insert that was given up is refused, if it still comes. */
const BARRED_MS = 3_600_000
/** How long chunks are kept for a job that is still to be inserted, after the last of them. */
const ORPHANED_MS = 3_600_000
/** An index is looked through once a day, a part of it each minute. */
const CARE_MS = 86_400_000
const CARE_PART_MS = 60_000

/** How far an index has been looked through. */
interface Care {
  readonly after?: Place
}

/**
 * The Durable Object behind `durableObjectStore`. By its name it is a job (its record, its bodies, its alarm), an idempotency key
 * (which job holds it) or the index of an owner (for lists). Export it from the Worker that makes the jobs.
 *
 * Its methods are called by the store alone, and change between versions.
 */
export class JobObject<Env = unknown> extends DurableObject<Env> implements ObjectStub {
  readonly #record = jobRecord(this.ctx.storage)
  readonly #index = jobIndex(this.ctx.storage.sql)
  readonly #chunks = jobChunks(this.ctx.storage)
  readonly #sockets = jobSockets(this.ctx)
  readonly #kv = this.ctx.storage.kv
  #alarmAt: number | undefined
  #isCaredFor = false
  /** While it is called. */
  #alarm: Alarm | undefined

  /**
   * Makes the jobs known to this object before its alarm needs them. Jobs made at the top level of the module already are; override
   * this where they are made inside the fetch handler, and make them here in the same way.
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
    return { replaced: true, key: before.key } as const
  }

  async claimJob({ version, changes, events, maxEvents }: ClaimedJob) {
    const before = this.#record.load()
    if (!before) return null
    const { owner, key } = before
    const claimed = before.version === version
    if (claimed) {
      const job = { ...jobOf(before.head), ...changes }
      const head = JSON.stringify(job)
      this.#write({ version: job.version, dueAt: job.dueAt, owner, key, head, events, maxEvents }) // the bodies stay as they are
      this.#alarm?.changed(head)
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

  /** The job's head; where there is no job, there will be none: an insert that is still on its way is refused. */
  async bar() {
    const kept = this.#record.load()
    if (kept) return kept.head
    this.#kv.put('barred', true)
    this.#setAlarm(Date.now() + BARRED_MS)
    return null
  }

  /** Chunks come before the job that they belong to. If it never comes, they go. */
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

  /** Who holds the key: `id`, where nobody did or the holder is the one to be replaced. */
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
    this.#index.put(row)
    if (this.#isCaredFor) return
    this.#isCaredFor = true
    if (this.#kv.get('care')) return
    this.#kv.put<Care>('care', {})
    this.#setAlarm(Date.now() + CARE_MS)
  }

  async dropRow(id: string) {
    this.#index.drop(id)
  }

  async rows(query: IndexQuery) {
    return this.#index.rows(query)
  }

  /** Opens a socket for one who watches the job. A method cannot hand one over, an answer can. */
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

  /** The job's time has come: a message that waited, a lease that ran out, a start, an expiry. What is to be done core knows. */
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

  /** The object is an index: goes on looking through it. */
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

  /** Sets the alarm for what is left to do, in a while where this one changed nothing. */
  #setNext(before: KeptJob) {
    const after = this.#record.load()
    if (!after) return
    const now = Date.now()
    const { dueAt } = after
    const overdue = after.version === before.version ? now + AGAIN_MS : now
    if (this.#kv.get('message')) this.#setAlarm(now)
    else if (dueAt !== null) this.#setAlarm(dueAt > now ? dueAt : overdue)
  }

  async #attend(kept: KeptJob) {
    const message = this.#kv.get<JobMessage>('message')
    this.#kv.delete('message') // also where it cannot be run: the job is due after it, and alarms would follow one another
    const host = this.#host()
    const { id } = jobOf(kept.head)
    const alarm = startAlarm(this.env, this.ctx)
    this.#alarm = alarm
    try {
      if (message) await host.run(message, alarm.context)
      else await host.repair(id, alarm.context.platform)
      await alarm.settled()
    } finally {
      this.#alarm = undefined
    }
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

  /** Tells those who watch. The record is written by then, and stays so, whatever comes of this. */
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
    this.#alarmAt = Math.min(this.#kv.get('message') ? now : at, now + FARTHEST_MS) // what waits does not wait longer
    void this.ctx.storage.setAlarm(this.#alarmAt) // commits with what is written beside it; an error resets the object
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
