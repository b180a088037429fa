import { advance } from './advance'
import type { ResponseHead } from './bodies'
import { type Context, reporter, ttlOf } from './context'
import type { Job, JsonObject } from './job'
import type { LifecycleEvent } from './lifecycle'
import type { LiveHost, ResponseBody } from './live-body'
import type { JobHandle } from './operation'
import { keptFields } from './outcome'
import { unrefTimer } from './time'

/** Why an attempt is cut off before its handler has settled. */
export type Cut = 'timeout' | 'canceled' | 'superseded' | 'drained'

const NEVER = Number.POSITIVE_INFINITY
const MESSAGE_LENGTH = 1_000

/**
 * One run of a job by this process: renews the lease, notes progress, hears of a cancellation, keeps the time.
 *
 * Every write of an attempt tells it what the job is by now, so its own heartbeat is how it learns that it was canceled or has
 * lost its lease.
 */
export class Attempt implements JobHandle, LiveHost {
  readonly id: string
  readonly operation: string
  readonly attempt: number
  readonly meta: JsonObject
  readonly carry: JsonObject
  /** What is written of its response, where that can be shown as it comes. */
  body: ResponseBody | undefined
  /** Whether its handler was called. Until then nothing has been tried. */
  hasBegun = false
  /** What the adapter ends when its handler is not waited for any longer. */
  abandon: (() => void) | undefined
  #cutBecause: Cut | undefined
  #whenCut: ((why: Cut) => void) | undefined
  /** Made when somebody first waits for it. */
  #over: Promise<void> | undefined
  #whenOver: (() => void) | undefined
  /** Made when a handler first asks for its signal: most never do. */
  #controller: AbortController | undefined
  #abortedBecause: string | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  // By `performance.now()`: a clock that is set would hold up the renewals, and with them the lease.
  #renewAt: number
  readonly #timeoutAt: number
  #graceUntil = NEVER
  #reported: { percentComplete: number; message?: string } | undefined
  #reporting: Promise<void> | undefined
  #settling = false

  constructor(
    private readonly context: Context,
    public job: Job,
    carry: JsonObject | undefined = job.request?.carry,
  ) {
    this.id = job.id
    this.operation = job.operation
    this.attempt = job.attempt
    this.meta = job.meta ?? {}
    this.carry = carry ?? {}
    const now = performance.now()
    this.#renewAt = now + context.options.leaseMs / 3
    this.#timeoutAt = job.timeoutAt === undefined ? NEVER : now + job.timeoutAt - context.now()
    this.#wake()
    this.hear(job) // its cancellation may have been asked for before
    if (context.stopped) this.interrupt('drained')
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#abortedBecause) this.#controller.abort(abortError(this.#abortedBecause))
    }
    return this.#controller.signal
  }

  /** Why its handler is not even to be called. */
  get cut(): Cut | undefined {
    return this.isCanceled ? 'canceled' : this.#cutBecause
  }
  get isCanceled(): boolean {
    return this.#graceUntil < NEVER
  }

  /** Calls the one listener when the attempt has to end without waiting for the handler any longer. What was before it says `cut`. */
  onCut(listener: (why: Cut) => void): void {
    this.#whenCut = listener
  }

  /** Resolves when its outcome is written. Asked of one that is still running. */
  get over(): Promise<void> {
    this.#over ??= new Promise((resolve) => {
      this.#whenOver = resolve
    })
    return this.#over
  }

  /** How long finished jobs of this operation are kept, in milliseconds. */
  get ttlMs(): number {
    return ttlOf(this.context, this.job)
  }

  async progress(percentComplete: number, message = this.#reported?.message): Promise<void> {
    this.#reported = { percentComplete, message }
    this.#reporting ??= this.#report()
    await this.#reporting
  }

  /** Writes what was reported last, and again if more came meanwhile. */
  async #report(): Promise<void> {
    await undefined // reports of the same tick become one write
    try {
      while (this.#reported && !this.#settling) {
        const { percentComplete, message } = this.#reported
        this.#reported = undefined
        const text = message === undefined ? message : String(message).slice(0, MESSAGE_LENGTH)
        await this.write({ type: 'progress', attempt: this.attempt, percentComplete, message: text })
      }
    } catch (error) {
      this.tell(error, 'progress')
    } finally {
      this.#reporting = undefined
    }
  }

  /** One change of the job by this attempt, and what it learns by it. */
  async write(event: LifecycleEvent): Promise<Job | null> {
    const { done, job } = await advance(this.context, this.job, event)
    this.hear(job)
    return done ? job : null
  }

  /** Goes on with the lease. */
  async renew(): Promise<void> {
    try {
      await this.write({ type: 'renew', attempt: this.attempt, leaseMs: this.context.options.leaseMs })
    } catch (error) {
      this.tell(error, 'renew')
    }
  }

  /** The last change: what the job is after that is no news. */
  async settle(event: LifecycleEvent): Promise<Job | null> {
    this.#settling = true
    const { done, job } = await advance(this.context, this.job, ({ cancelRequestedAt }) =>
      // What another process has canceled meanwhile is not tried again.
      event.type === 'release' && cancelRequestedAt !== undefined ? { type: 'cancel', attempt: this.attempt, ttlMs: this.ttlMs } : event,
    )
    if (!done) return null
    this.job = job
    return job
  }

  offer({ status, headers }: ResponseHead, chunkBytes: number): Promise<Job | null> {
    const response = { status, headers: keptFields(headers), size: 0, chunkBytes }
    return this.write({ type: 'respond', attempt: this.attempt, response })
  }
  grown(): void {
    this.context.live?.get(this.id)?.wake()
  }
  failed(error: unknown): void {
    this.tell(error, 'stream')
  }

  /** What the job is by now, from whoever knows: a write of this attempt, or a change made elsewhere in this process. */
  hear(job: Job | null): void {
    if (this.#settling || (job && job.version < this.job.version)) return // heard of late, and known to be past
    if (job?.status !== 'running' || job.attempt !== this.attempt) return this.interrupt('superseded')
    this.job = job
    if (job.cancelRequestedAt !== undefined && !this.isCanceled) {
      this.#graceUntil = performance.now() + this.context.options.cancelGraceMs
      this.#abort('The job was canceled')
      this.#wake()
    }
  }

  /** Ends it without waiting for its handler: the engine wants that, or the process stops, or it is no longer its job. */
  interrupt(why: Exclude<Cut, 'canceled'>): void {
    this.#abort(ABORTED[why])
    this.#cut(why)
  }

  /** The outcome is written. */
  end(): void {
    clearTimeout(this.#timer)
    this.#settling = true
    this.#whenOver?.()
  }

  #cut(why: Cut): void {
    this.#cutBecause ??= why
    this.#whenCut?.(this.#cutBecause)
  }

  #abort(reason: string): void {
    this.#abortedBecause ??= reason
    this.#controller?.abort(abortError(reason))
  }

  /** One timer for all that an attempt waits for: the next renewal, the time limit, the end of the grace. */
  #wake(): void {
    clearTimeout(this.#timer)
    const next = Math.min(this.#renewAt, this.#timeoutAt, this.#graceUntil)
    this.#timer = unrefTimer(Math.max(0, next - performance.now()), () => this.#tick())
  }

  #tick(): void {
    if (this.#settling) return
    const now = performance.now()
    if (now >= this.#graceUntil) return this.#cut('canceled')
    if (now >= this.#timeoutAt) return this.interrupt('timeout')
    if (now >= this.#renewAt) {
      this.#renewAt = now + this.context.options.leaseMs / 3
      void this.renew()
    }
    this.#wake()
  }

  /** Tells the application what went wrong with it. */
  tell(error: unknown, during: string): void {
    reporter(this.context, during, this)(error)
  }
}

const ABORTED = {
  timeout: 'The job has run out of time',
  superseded: 'The job is over, or another worker has it',
  drained: 'The process is stopping',
} as const

const abortError = (reason: string) => new DOMException(reason, reason === ABORTED.timeout ? 'TimeoutError' : 'AbortError')
