import { EventEmitter } from 'node:events'

export interface Failing extends EventEmitter {
  fail(error: unknown): void
}

/** `emit` of a detached request or response: an error that a listener throws fails the job instead of crashing the process. */
export function emitSafely(this: Failing, ...event: Parameters<EventEmitter['emit']>): boolean {
  try {
    return EventEmitter.prototype.emit.apply(this, event)
  } catch (error) {
    this.fail(error)
    return true
  }
}
