import type { Answer } from './answer'
import type { Context } from './context'
import type { Job, JobStatus } from './job'
import { isTerminal } from './lifecycle'
import { present } from './present'
import type { JobRequest } from './request'

/** Where an adapter takes events, or another body that comes as it is made: a response that stays open. */
export interface EventSink {
  /** Sends a piece. `false`: there is no room for more until {@link EventFlow} is told that there is. */
  write(piece: Uint8Array): boolean
  /** Nothing follows. */
  end(): void
  /** What was sent is not all, and nothing follows: the client must not take it for whole, so the connection is cut. */
  fail(error: Error): void
}

/** An open stream of events, as its adapter sees it. */
export interface EventFlow {
  /** There is room again. */
  ready(): void
  /** The client has gone. */
  close(): void
}

/** A body that is pushed: server-sent events, a live result. Begins when it is opened, and ends with the job. */
export interface EventStream {
  open(sink: EventSink): EventFlow
}

/** How long a client waits before it connects again, in milliseconds, and how often a silent stream shows that it is alive. */
const RETRY_MS = 2_000
const ALIVE_MS = 15_000
/** Pauses between reads where not every change is heard in this process, in milliseconds. */
const READ_MS = 500
const READ_IF_WATCHED_MS = 5_000

const HEADERS = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' }
const encoder = new TextEncoder()
const RETRY = `retry: ${RETRY_MS}\n\n`
const ALIVE = encoder.encode(': alive\n\n')

/** GET events: the status document whenever it changes. 204, at which a browser stops, to a client that knows the last one. */
export function getEvents(context: Context, job: Job, self: string, request: JobRequest): Answer {
  const known = /^\d{1,15}$/.exec(request.headers.get('last-event-id') ?? '')
  const seen = known ? Number(known[0]) : 0
  if (!isTerminal(job.status)) return { status: 200, headers: HEADERS, body: { open: (sink) => follow(context, job, self, seen, sink) } }
  if (seen >= job.revision) return { status: 204, headers: { 'Cache-Control': 'no-store' }, body: null }
  return { status: 200, headers: HEADERS, body: RETRY + eventText(context, job, self, job.status) }
}

/** One event (HTML Living Standard, 9.2.5). The id is the revision, so that a client that lost its connection goes on where it was. */
function eventText(context: Context, job: Job, self: string, name: string): string {
  const { body } = present(context, 'status', job, self, { status: 200, headers: {} })
  const lines = String(body ?? '').replaceAll(/\r\n|\n|\r/g, '\ndata: ')
  return `id: ${job.revision}\nevent: ${name}\ndata: ${lines}\n\n`
}

interface Watcher {
  readonly sink: EventSink
  readonly self: string
  /** The revision that was sent last, and the state that it told of: none yet at the beginning. */
  sent: number
  status: JobStatus | undefined
  isFull: boolean
}

function follow(context: Context, job: Job, self: string, seen: number, sink: EventSink): EventFlow {
  let feed = context.feeds?.get(job.id)
  if (!feed) {
    const made = new Feed(context, job, () => context.feeds?.get(job.id) === made && context.feeds.delete(job.id))
    context.feeds?.set(job.id, made)
    feed = made
  }
  return feed.join({ sink, self, sent: Math.min(seen, job.revision), status: undefined, isFull: false })
}

/**
 * One job for all who watch it here: one subscription, one read and one text for each change. Who reads slowly is sent the latest
 * document when there is room again, and nothing that lies between.
 */
export class Feed {
  readonly #watchers = new Set<Watcher>()
  readonly #stop: () => void
  #text: { readonly job: Job; readonly self: string; readonly name: string; readonly piece: Uint8Array } | undefined
  #reading = false
  /** A change was told of while a read was under way that may not have seen it. */
  #isStale = false

  constructor(
    private readonly context: Context,
    private job: Job,
    private readonly over: () => void,
  ) {
    const { complete, watched } = context.changes
    const off = context.changes.on(job.id, (changed) => (changed ? this.#take(changed) : this.#read()))
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
    for (const watcher of this.#watchers) this.#finish(watcher)
  }

  #read(): void {
    this.#isStale = this.#reading
    if (this.#reading) return
    this.#reading = true
    const { context, job } = this
    context.store
      .get(job.id, 'head')
      .then((found) => (found ? this.#take(found) : this.end()))
      .catch((error) => context.onError(error, { during: 'events', id: job.id, operation: job.operation }))
      .finally(() => {
        this.#reading = false
        if (this.#isStale && this.#watchers.size > 0) this.#read()
      })
  }

  #take(job: Job): void {
    if (job.goneAt !== undefined) return this.end()
    if (job.revision <= this.job.revision) return
    this.job = job
    for (const watcher of this.#watchers) this.#send(watcher)
  }

  /** Sends what a watcher does not know yet. A sink may say that it is ready while it is written to, so what is sent is noted first. */
  #send(watcher: Watcher): void {
    const { job } = this
    if (watcher.isFull || !this.#watchers.has(watcher)) return
    const { status, sent } = watcher
    watcher.status = job.status
    watcher.sent = job.revision
    let hasRoom = true
    if (status === undefined) hasRoom = watcher.sink.write(encoder.encode(RETRY))
    if (job.revision > sent) hasRoom = watcher.sink.write(this.#piece(watcher.self, status === job.status ? 'progress' : job.status))
    if (isTerminal(job.status)) this.#finish(watcher)
    else watcher.isFull = !hasRoom
  }

  #piece(self: string, name: string): Uint8Array {
    const { job, context } = this
    if (this.#text?.job !== job || this.#text.self !== self || this.#text.name !== name)
      this.#text = { job, self, name, piece: encoder.encode(eventText(context, job, self, name)) }
    return this.#text.piece
  }

  #alive(): void {
    for (const watcher of this.#watchers) if (!watcher.isFull) watcher.isFull = !watcher.sink.write(ALIVE)
  }

  #finish(watcher: Watcher): void {
    if (this.#leave(watcher)) watcher.sink.end()
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
