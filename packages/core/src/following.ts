import type { ById } from './by-id'
import { type Context, reporter } from './context'
import type { EventFlow } from './feed'
import type { Job } from './job'

/** Intervals of polling the store if not every change is notified in this process, in milliseconds. */
const READ_MS = 500
const READ_IF_WATCHED_MS = 5_000

/** One job with all who follow it in this process: they share a subscription, and a read for each change. Ends when the last one leaves. */
export abstract class Following<Follower extends { isFull: boolean }> {
  protected readonly followers = new Set<Follower>()
  readonly #stops: (() => void)[]

  /** @param kept where later followers find it; none on Workers */
  constructor(
    protected readonly context: Context,
    protected job: Job,
    private readonly kept: ById<unknown> | undefined,
    private readonly during: string,
  ) {
    const { complete, watched } = context.changes
    kept?.set(job.id, this)
    this.#stops = [context.changes.on(job.id, (changed) => (changed ? this.take(changed) : this.look()))]
    if (!complete) this.every(watched ? READ_IF_WATCHED_MS : READ_MS, () => this.look())
  }

  /** Takes a newer record of the job, from a read or a notification. */
  abstract take(job: Job): void
  /** Ends it for all followers, who reconnect to another process. */
  abstract end(): void
  /** Sends a follower what is new to it. */
  protected abstract send(follower: Follower): void

  join(follower: Follower): EventFlow {
    this.followers.add(follower)
    this.send(follower)
    return {
      ready: () => {
        follower.isFull = false
        this.send(follower)
      },
      close: () => void this.leave(follower),
    }
  }

  protected every(ms: number, work: () => void): void {
    const timer = setInterval(work, ms)
    Object(timer).unref?.()
    this.#stops.push(() => clearInterval(timer))
  }

  protected async look(): Promise<void> {
    try {
      const found = await this.context.store.get(this.job.id, 'head')
      if (found) this.take(found)
      else this.end()
    } catch (error) {
      this.failed(error)
    }
  }

  protected failed(error: unknown): void {
    reporter(this.context, this.during, this.job)(error)
  }

  /** Removes a follower; returns whether it was still there. */
  protected leave(follower: Follower): boolean {
    if (!this.followers.delete(follower)) return false
    if (this.followers.size === 0) this.stop()
    return true
  }

  protected stop(): void {
    for (const stop of this.#stops) stop()
    this.kept?.delete(this.job.id, this)
  }
}
