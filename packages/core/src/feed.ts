import { type Context, reporter } from './context'
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
/** Pauses between reads where not every change is heard in this process, in milliseconds. */
const READ_MS = 500
const READ_IF_WATCHED_MS = 5_000

/** The job as it is told of: the body of its status. */
export const documentOf = (context: Context, job: Job, self: string): string =>
  String(present(context, 'status', job, self, { status: 200, headers: {} }).body ?? '')

/** Tells a line of the job from now on. `seen`: the revision that its client knows, 0 for none. */
export function follow(context: Context, job: Job, self: string, seen: number, line: Line): EventFlow {
  let feed = context.feeds?.get(job.id)
  if (!feed) {
    const made = new Feed(context, job, () => context.feeds?.get(job.id) === made && context.feeds.delete(job.id))
    context.feeds?.set(job.id, made)
    feed = made
  }
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
 * One job for all who watch it here: one subscription, one read and one text for each change. Who reads slowly is sent the latest
 * document when there is room again, and nothing that lies between.
 */
export class Feed {
  readonly #watchers = new Set<Watcher>()
  readonly #stop: () => void
  #news: (News & { readonly self: string }) | undefined
  #reading = false
  /** A change was told of while a read was under way that may not have seen it. */
  #isStale = false

  constructor(
    private readonly context: Context,
    private job: Job,
    private readonly over: () => void,
  ) {
    const { complete, watched } = context.changes
    const off = context.changes.on(job.id, (changed) => (changed ? this.take(changed) : this.#read()))
    const alive = setInterval(() => this.#alive(), ALIVE_MS)
    const look = complete ? undefined : setInterval(() => this.#read(), watched ? READ_IF_WATCHED_MS : READ_MS)
    for (const timer of [alive, look]) Object(timer).unref?.()
    this.#stop = () => {
      off()
      clearInterval(alive)
      clearInterval(look)
    }
    this.#read() // for what has changed since the job was read
  }

  join(watcher: Watcher): EventFlow {
    this.#watchers.add(watcher)
    this.#send(watcher)
    return {
      ready: () => {
        watcher.isFull = false
        this.#send(watcher)
      },
      close: () => void this.#leave(watcher),
    }
  }

  /** Ends it for all: they come again, to another process. */
  end(): void {
    for (const watcher of this.#watchers) this.#finish(watcher, false)
  }

  #read(): void {
    this.#isStale = this.#reading
    if (this.#reading) return
    this.#reading = true
    this.context.store
      .get(this.job.id, 'head')
      .then((found) => (found ? this.take(found) : this.end()))
      .catch(this.#failed)
      .finally(() => {
        this.#reading = false
        if (this.#isStale && this.#watchers.size > 0) this.#read()
      })
  }

  readonly #failed = (error: unknown) => reporter(this.context, 'events', this.job)(error)

  /** What somebody else has read of it. */
  take(job: Job): void {
    if (job.goneAt !== undefined) return this.end()
    if (job.revision <= this.job.revision) return
    this.job = job
    for (const watcher of this.#watchers) this.#send(watcher)
  }

  /** Sends what a watcher does not know yet. A line may say that it is ready while it is spoken to, so what is sent is noted first. */
  #send(watcher: Watcher): void {
    const { job } = this
    if (watcher.isFull || !this.#watchers.has(watcher)) return
    const { line, status, sent } = watcher
    watcher.status = job.status
    watcher.sent = job.revision
    try {
      let hasRoom = status !== undefined || line.open()
      if (job.revision > sent) hasRoom = line.tell(this.#newsFor(watcher.self), status === job.status ? 'progress' : job.status)
      watcher.isFull = !hasRoom
      if (isTerminal(job.status)) this.#finish(watcher, true)
    } catch (error) {
      this.#failed(error) // the application cannot show the job
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
    for (const watcher of this.#watchers) if (!watcher.isFull) watcher.isFull = !watcher.line.alive()
  }

  #finish(watcher: Watcher, isOver: boolean): void {
    if (this.#leave(watcher)) watcher.line.close(isOver)
  }

  #leave(watcher: Watcher): boolean {
    if (!this.#watchers.delete(watcher)) return false
    if (this.#watchers.size === 0) {
      this.#stop()
      this.over()
    }
    return true
  }
}
