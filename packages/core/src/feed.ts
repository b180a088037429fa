import type { Context } from './context'
import { Following } from './following'
import type { Job, JobStatus } from './job'
import { isTerminal } from './lifecycle'
import { present } from './present'

/** What watches a job, as its adapter sees it: a stream of events, or a socket. */
export interface EventFlow {
  /** There is room again. */
  ready(): void
  /** The client has gone. */
  close(): void
}

/** One change, for all who are told of it. */
export interface News {
  readonly job: Job
  /** The document. */
  readonly text: string
  /** What was made of it already, by the name of its event. */
  readonly events: Map<string, Uint8Array>
}

/** How one who watches is spoken to. What sends says whether there is room for more. */
export interface Line {
  open(): boolean
  /** `name`: that of the state where that is new, otherwise `progress`. */
  tell(news: News, name: string): boolean
  /** Shows that the line is alive. */
  alive(): boolean
  /** Nothing follows: the job is over, or it has to be followed elsewhere. */
  close(isOver: boolean): void
}

/** How often a silent line shows that it is alive, in milliseconds. */
const ALIVE_MS = 15_000
/** On Workers, where each request reads for itself and may make so many calls and no more: after so many failures its client comes again. */
const MOST_FAILURES = 20

/** The job as it is told of: the body of its status. */
export const documentOf = (context: Context, job: Job, self: string): string =>
  String(present(context, 'status', job, self, { status: 200, headers: {} }).body ?? '')

/** Tells a line of the job from now on. `seen`: the revision that its client knows, 0 for none. */
export function follow(context: Context, job: Job, self: string, seen: number, line: Line): EventFlow {
  const feed = context.feeds?.get(job.id) ?? new Feed(context, job)
  feed.take(job)
  return feed.join({ line, self, sent: seen, status: undefined, isFull: false })
}

interface Watcher {
  readonly line: Line
  readonly self: string
  /** The revision that was sent last, and the state that it told of: none yet at the beginning. */
  sent: number
  status: JobStatus | undefined
  isFull: boolean
}

/**
 * The document, made once for all who watch the job here. Who reads slowly is sent the latest one when there is room again, and
 * nothing that lies between.
 */
export class Feed extends Following<Watcher> {
  #news: (News & { readonly self: string }) | undefined
  #isLooking = false
  #failures = 0
  /** A change was told of while a read was under way that may not have seen it. */
  #isStale = false

  constructor(context: Context, job: Job) {
    super(context, job, context.feeds, 'events')
    this.every(ALIVE_MS, () => this.#alive())
    this.look() // for what has changed since the job was read
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

  /** A line may say that it is ready while it is spoken to, so what is sent is noted first. */
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
      this.failed(error) // the application cannot show the job
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
