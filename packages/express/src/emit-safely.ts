import { EventEmitter } from 'node:events'

export interface Failing extends EventEmitter {
  fail(error: unknown): void
}

/** `emit` for a detached exchange: what a listener throws fails the job. Otherwise it would reach nobody but the process. */
export function emitSafely(this: Failing, ...event: Parameters<EventEmitter['emit']>): boolean {
  try {
    return EventEmitter.prototype.emit.apply(this, event)
  } catch (error) {
    this.fail(error)
    return true
  }
}
