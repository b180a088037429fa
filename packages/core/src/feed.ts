import type { Context } from './context'
import { Following } from './following'
import type { Job, JobStatus } from './job'
import { isTerminal } from './lifecycle'
import { present } from './present'

/** The adapter's control of an open stream of events or a socket. */
export interface EventFlow {
  /** To be called when there is room to write again. */
  ready(): void
  /** To be called when the client has gone. */
  close(): void
}

/** One change of a job, shared by all who are told of it. */
export interface News {
  readonly job: Job
  /** The status document. */
  readonly text: string
  /** Encoded events made of it, by event name. */
  readonly events: Map<string, Uint8Array>
}

/** The connection of one watcher: server-sent events or a WebSocket. Methods that send return whether there is room for more. */
export interface Line {
  open(): boolean
  /** @param name the state if that is new, otherwise `progress` */
  tell(news: News, name: string): boolean
  /** Sends a keep-alive. */
  alive(): boolean
  /** Ends the connection. `isOver: false`: the job is not over, the client must reconnect. */
  close(isOver: boolean): void
}

/** Interval of keep-alives, in milliseconds. */
const ALIVE_MS = 15_000
/** On Workers a request polls for itself and has a limited number of calls: after so many failures it ends, and its client reconnects. */
const MOST_FAILURES = 20

/** The document that watchers of a job are sent: the body of its status. */
export const documentOf = (context: Context, job: Job, self: string): string =>
  String(present(context, 'status', job, self, { status: 200, headers: {} }).body ?? '')

/** Adds a watcher to the job. @param seen the revision that its client knows, 0 for none */
export function follow(context: Context, job: Job, self: string, seen: number, line: Line): EventFlow {
  const feed = context.feeds?.get(job.id) ?? new Feed(context, job)
  feed.take(job)
  return feed.join({ line, self, sent: seen, status: undefined, isFull: false })
}

interface Watcher {
  readonly line: Line
  readonly self: string
  /** The revision and the state that were sent last; `status` is `undefined` before the first one. */
  sent: number
  status: JobStatus | undefined
  isFull: boolean
}

/**
 * Sends the status document to all who watch the job in this process; it is made once for all. A slow reader gets the latest one when it
 * has room again, and none of those in between.
 */
export class Feed extends Following<Watcher> {
  #news: (News & { readonly self: string }) | undefined
  #isLooking = false
  #failures = 0
  /** A change came while a read was under way, which may have missed it. */
  #isStale = false

  constructor(context: Context, job: Job) {
    super(context, job, context.feeds, 'events')
    this.every(ALIVE_MS, () => this.#alive())
    this.look() // the job may have changed since it was read
  }

  end(): void {
    for (const watcher of this.followers) this.#finish(watcher, false)
  }

  protected override async look(): Promise<void> {
    this.#isStale = this.#isLooking
    if (this.#isLooking) return
    this.#isLooking = true
    await super.look()
    this.#isLooking = false
    if (this.#isStale && this.followers.size > 0) this.look()
  }

  protected override failed(error: unknown): void {
    super.failed(error)
    if (++this.#failures === MOST_FAILURES && !this.context.feeds) this.end()
  }

  take(job: Job): void {
    if (job.goneAt !== undefined) return this.end()
    if (job.revision <= this.job.revision) return
    this.job = job
    for (const watcher of this.followers) this.send(watcher)
  }

  /** A line may call `ready` while it is written to, so state is updated before sending. */
  protected send(watcher: Watcher): void {
    const { job } = this
    if (watcher.isFull || !this.followers.has(watcher)) return
    const { line, status, sent } = watcher
    watcher.status = job.status
    watcher.sent = job.revision
    try {
      let hasRoom = status !== undefined || line.open()
      if (job.revision > sent) hasRoom = line.tell(this.#newsFor(watcher.self), status === job.status ? 'progress' : job.status)
      watcher.isFull = !hasRoom
      if (isTerminal(job.status)) this.#finish(watcher, true)
    } catch (error) {
      this.failed(error) // thrown by the application's representation
      this.#finish(watcher, false)
    }
  }

  #newsFor(self: string): News {
    const { job, context } = this
    if (this.#news?.job !== job || this.#news.self !== self)
      this.#news = { job, self, text: documentOf(context, job, self), events: new Map() }
    return this.#news
  }

  #alive(): void {
    for (const watcher of this.followers) if (!watcher.isFull) watcher.isFull = !watcher.line.alive()
  }

  #finish(watcher: Watcher, isOver: boolean): void {
    if (this.leave(watcher)) watcher.line.close(isOver)
  }
}
