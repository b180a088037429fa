import type { Job, JsonObject } from './job'

/** What an engine carries: enough to find the job, never its payload. Dispatching or delivering it twice is always safe. */
export interface JobMessage {
  readonly v: 1
  readonly id: string
  readonly operation: string
  readonly dispatch: number
}
/** A message that an engine returns undelivered when it stops. */
export interface LeftMessage extends JobMessage {
  /** What was left of its delay, in milliseconds. @default 0 */
  readonly delayMs?: number
}
export const messageOf = ({ id, operation, dispatch }: Job): JobMessage => ({ v: 1, id, operation, dispatch })

/** A statement that a store runs for an engine, with up to eight text parameters, `$1` and following. */
export interface SqlStatement {
  readonly text: string
  readonly values: readonly (string | null)[]
}

/** What an engine can do. */
export interface EngineCapabilities {
  /** A dispatched message survives a restart. */
  readonly durable: boolean
  /** Jobs may run in another process or isolate, where the request is rebuilt from the stored one. */
  readonly remote: boolean
  /** Longest possible run of a job, in milliseconds; `null`: no limit. */
  readonly maxRunMs: number | null
  /** `maxRunMs` of operations that set none, if that is to be lower than the engine's limit. */
  readonly defaultMaxRunMs?: number
  /** It can hold a message back for `delayMs`. If not, a sweep dispatches the job when it is due. */
  readonly delay: boolean
  /** How `cancel` reaches a running handler: in this process only, in any process, or not before its next heartbeat. */
  readonly cancel: 'local' | 'remote' | 'none'
  /** Kind of transaction that {@link JobEngine.prepare} can take part in: `'postgres'`. */
  readonly transaction?: string
}

/** What only the process that accepted a request has of it, for engines that run the job there. */
export interface LocalRun {
  /** The adapter's object for the live request; opaque to core and engines. */
  readonly live: unknown
  /** The job, if it was inserted as running because a slot was free; otherwise `null`. */
  readonly claimed: Job | null
  /** What the route's `carry` returned, also if no request is stored. */
  readonly carry?: JsonObject
}

/** What the platform provides to a run; on Workers `env` and the execution context. */
export interface Platform {
  readonly env?: unknown
  readonly context?: unknown
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/** Room in an engine, reserved for one job until it is dispatched or the reservation is released. */
export interface Reservation {
  /** A slot is free: the job will start at once, and may be inserted as running. */
  readonly starts: boolean
  release(): void
}

/** How to dispatch a message. */
export interface DispatchContext {
  readonly delayMs: number
  readonly local?: LocalRun | undefined
  readonly reservation?: Reservation | undefined
  readonly platform?: Platform | undefined
  /** The job's `maxRunMs`, for engines with more than one way to run jobs. */
  readonly maxRunMs?: number | undefined
}

/** What an engine's consumer gives to a run. */
export interface RunContext {
  readonly local?: LocalRun | undefined
  readonly platform?: Platform | undefined
  /**
   * Aborted by the engine when it learns of a cancel: the run then reads its job at once and stops if that was canceled. Aborted with
   * a `TimeoutError` (`AbortSignal.timeout`), a time limit of the engine, it ends the run.
   */
  readonly signal?: AbortSignal | undefined
  /**
   * Subscribes the run to changes of its job, if the engine learns of them before the next heartbeat. `listener` is called until the
   * returned function is called.
   */
  readonly onChange?: ((listener: (job: Job) => void) => () => void) | undefined
}

/**
 * What the engine is to do with a message. `done`: the job has ended, drop the message. `retry`: deliver it again after `delayMs`.
 * `skip`: the job was not this worker's to run, drop the message.
 */
export type RunOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'retry'; readonly delayMs: number }
  | { readonly kind: 'skip'; readonly why: string }
export type Runner = (message: JobMessage, context: RunContext) => Promise<RunOutcome>

/** Carries "run job N" to a process that can run it. The store decides what happens to a job; the engine only delivers messages. */
export interface JobEngine {
  readonly capabilities: EngineCapabilities

  /** Takes a message. Safe to call twice with the same one. Resolves once it is as durable as the engine can make it. */
  dispatch(message: JobMessage, context: DispatchContext): Promise<void>

  /**
   * Called for a new job instead of `dispatch`, if the store names the same kind of `transaction`. Resolves to what the store must
   * write in the commit that inserts the job; for `'postgres'`, {@link SqlStatement}s.
   */
  prepare?(message: JobMessage, context: Pick<DispatchContext, 'delayMs'>): Promise<unknown>

  /**
   * Called before a job is stored; `null` if there is no room (the client gets 503). Absent: there is always room.
   * @param maxRunMs of the job
   * @param platform of the request that makes the job
   */
  reserve?(delayMs: number, maxRunMs?: number, platform?: Platform): Reservation | null
  /**
   * Drops the message of a canceled job that has not started, and stops its run in another process if the engine can.
   * @param dispatch `dispatch` of the job's last message
   */
  cancel?(id: string, dispatch: number): Promise<void>
  /** Starts consuming in this process. */
  start?(run: Runner): Promise<void>
  /**
   * Stops consuming. Resolves when all runs have ended or `drainMs` have passed, to the messages that only this process held and that
   * nobody will run now; core hands their jobs back. Called again, with a short `drainMs`, after the remaining runs were cut off. If it
   * rejects, `onError` is called and the process stops all the same.
   */
  stop?(drainMs: number): Promise<void> | Promise<readonly LeftMessage[]>
}
