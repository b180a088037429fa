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
 * One run of a job in this process: renews the lease, writes progress, notices a cancel, enforces the time limit.
 *
 * Each write returns the current job, so an attempt learns from its own heartbeat that it was canceled or has lost its lease.
 */
export class Attempt implements JobHandle, LiveHost {
  readonly id: string
  readonly operation: string
  readonly attempt: number
  readonly meta: JsonObject
  readonly carry: JsonObject
  /** The response body as it is written, if it can be large or live. */
  body: ResponseBody | undefined
  /** Whether the handler was called. Until then the attempt does not count as tried. */
  hasBegun = false
  /** The adapter's listener (`Execution.onCut`) for when the run is abandoned. */
  abandon: (() => void) | undefined
  #cutBecause: Cut | undefined
  #whenCut: ((why: Cut) => void) | undefined
  /** Created when somebody first waits for it. */
  #over: Promise<void> | undefined
  #whenOver: (() => void) | undefined
  /** Created when the handler first asks for its signal: most never do. */
  #controller: AbortController | undefined
  #abortedBecause: string | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  // By `performance.now()`: if the system clock is set back, renewals must not stop.
  readonly begunAt = performance.now()
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
    this.#renewAt = this.begunAt + context.options.leaseMs / 3
    this.#timeoutAt = this.begunAt + (job.timeoutAt ?? NEVER) - context.now()
    this.#wake()
    this.hear(job) // a cancel may have been requested before
    if (context.stopped) this.interrupt('drained')
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#abortedBecause) this.#controller.abort(abortError(this.#abortedBecause))
    }
    return this.#controller.signal
  }

  /** Why the handler must not even be called. */
  get cut(): Cut | undefined {
    return this.isCanceled ? 'canceled' : this.#cutBecause
  }
  get isCanceled(): boolean {
    return this.#graceUntil < NEVER
  }

  /** Sets the one listener, called when the attempt must end without waiting for the handler. For an earlier cut see `cut`. */
  onCut(listener: (why: Cut) => void): void {
    this.#whenCut = listener
  }

  /** Resolves when the outcome is written. Only for an attempt that is still running. */
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

  /** Writes the latest report, and again if more came meanwhile. */
  async #report(): Promise<void> {
    await undefined // reports of the same tick become one write
    try {
      while (this.#reported && !this.#settling) {
        const { percentComplete, message } = this.#reported
        this.#reported = undefined
        await this.write({
          type: 'progress',
          attempt: this.attempt,
          percentComplete,
          message: message?.toString().slice(0, MESSAGE_LENGTH),
        })
      }
    } catch (error) {
      this.tell(error, 'progress')
    } finally {
      this.#reporting = undefined
    }
  }

  /** Writes a change of the job, and takes in the job as it is after that. */
  async write(event: LifecycleEvent): Promise<Job | null> {
    const { done, job } = await advance(this.context, this.job, event)
    this.hear(job)
    return done ? job : null
  }

  /** Renews the lease, and again after a third of it; not while this renewal is on its way, which would only add to the load of a slow store. */
  async renew(): Promise<void> {
    const next = performance.now() + this.context.options.leaseMs / 3
    this.#renewAt = NEVER
    try {
      await this.write({ type: 'renew', attempt: this.attempt, leaseMs: this.context.options.leaseMs })
    } catch (error) {
      this.tell(error, 'renew')
    }
    this.#renewAt = next
    // By a timer even if it is late: where the store answers within one turn of the event loop, nobody else would ever get one.
    if (!this.#settling) this.#wake()
  }

  /** Writes the last change of this attempt. */
  async settle(event: LifecycleEvent): Promise<Job | null> {
    this.#settling = true
    const { done, job } = await advance(this.context, this.job, ({ cancelRequestedAt }) =>
      // A job that another process has canceled meanwhile is not retried.
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

  /** Takes in the current job, from a write of this attempt or from a change made elsewhere. */
  hear(job: Job | null): void {
    if (this.#settling || (job && job.version < this.job.version)) return // out of date
    if (job?.status !== 'running' || job.attempt !== this.attempt) return this.interrupt('superseded')
    this.job = job
    if (job.cancelRequestedAt !== undefined && !this.isCanceled) {
      this.#graceUntil = performance.now() + this.context.options.cancelGraceMs
      this.#abort('The job was canceled')
      this.#wake()
    }
  }

  /** Ends the attempt without waiting for the handler. */
  interrupt(why: Exclude<Cut, 'canceled'>): void {
    this.#abort(ABORTED[why])
    this.#cut(why)
  }

  /** Called when the outcome is written. */
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

  /** Sets the one timer to the next of: lease renewal, time limit, end of `cancelGraceMs`. */
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
    if (now >= this.#renewAt) void this.renew()
    this.#wake()
  }

  /** Reports an error of this attempt to the application. */
  tell(error: unknown, during: string): void {
    reporter(this.context, during, this)(error)
  }
}

const ABORTED = {
  timeout: 'The job reached its time limit',
  superseded: 'The job is over, or another worker has it',
  drained: 'The process is stopping',
} as const

const abortError = (reason: string) => new DOMException(reason, reason === ABORTED.timeout ? 'TimeoutError' : 'AbortError')
