import type { Job, JsonObject } from './job'

/** A claim check: enough to find the job, never its payload. Handing it over or delivering it twice is always safe. */
export interface JobMessage {
  readonly v: 1
  readonly id: string
  readonly operation: string
  readonly dispatch: number
}
/** A message that an engine gives back when it stops. */
export interface LeftMessage extends JobMessage {
  /** How long it would have been held still, in milliseconds. @default 0 */
  readonly delayMs?: number
}
export const messageOf = ({ id, operation, dispatch }: Job): JobMessage => ({ v: 1, id, operation, dispatch })

/** A statement that a store runs for an engine: `$1` and the following are `values`, all of them text, eight at most. */
export interface SqlStatement {
  readonly text: string
  readonly values: readonly (string | null)[]
}

export interface EngineCapabilities {
  /** A message that was handed over survives a restart. */
  readonly durable: boolean
  /** Jobs run in another process or isolate: the handler's request is rebuilt from the stored one. */
  readonly remote: boolean
  /** Longest run it can give a job, in milliseconds; `null`: no limit. */
  readonly maxRunMs: number | null
  /** What an operation gets that asks for no `maxRunMs`, where that is less than the engine could give. */
  readonly defaultMaxRunMs?: number
  /** It can hold a message back for `delayMs`. Where not, the sweeper hands it over when its time has come. */
  readonly delay: boolean
  /** Whether `cancel` reaches a running handler: in this process, in another, or only with its next heartbeat. */
  readonly cancel: 'local' | 'remote' | 'none'
  /** Kind of transaction that {@link JobEngine.prepare} writes for: `'postgres'`. */
  readonly transaction?: string
}

/** The live side of an accepted request, for engines that run it where it was taken. */
export interface LocalRun {
  /** The adapter's own object for the live request; opaque to core and engines. */
  readonly live: unknown
  /** The job where it was inserted as running already, because a slot was free. */
  readonly claimed: Job | null
  /** What the route's `carry` gave, also where no request is stored to keep it in. */
  readonly carry?: JsonObject
}

/** What the platform gives to a run; on Workers `env` and the execution context. */
export interface Platform {
  readonly env?: unknown
  readonly context?: unknown
  readonly waitUntil?: (work: Promise<unknown>) => void
}

/** Room that an engine keeps for one job until it is dispatched or released. */
export interface Reservation {
  /** A slot is free: the job will start at once, so it may be inserted as running. */
  readonly starts: boolean
  release(): void
}

export interface DispatchContext {
  readonly delayMs: number
  readonly local?: LocalRun
  readonly reservation?: Reservation
  readonly platform?: Platform
  /** The job's own `maxRunMs`, for engines with more than one way to run. */
  readonly maxRunMs?: number
}

export interface RunContext {
  readonly local?: LocalRun
  readonly platform?: Platform
  /**
   * Aborts when the engine has heard of a cancel: the run then looks at its job at once, and stops if that says so. With a
   * `TimeoutError` as its reason (`AbortSignal.timeout`) it ends the run: a time limit of the engine's own.
   */
  readonly signal?: AbortSignal
  /**
   * Tells the run what its job has become, where the carrier hears of it sooner than the next heartbeat: `listener` is called until
   * the returned function is.
   */
  readonly onChange?: (listener: (job: Job) => void) => () => void
}

/**
 * What became of a message. `done`: the job is settled. `retry`: deliver it again after `delayMs`. `skip`: it was not this
 * worker's to run, drop it.
 */
export type RunOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'retry'; readonly delayMs: number }
  | { readonly kind: 'skip'; readonly why: string }
export type Runner = (message: JobMessage, context: RunContext) => Promise<RunOutcome>

/** Carries "run job N" to a process that can run it. The store is the truth; the engine only carries. */
export interface JobEngine {
  readonly capabilities: EngineCapabilities

  /** Safe to call twice with the same message. Resolves once the hand-over is as durable as the engine can make it. */
  dispatch(message: JobMessage, context: DispatchContext): Promise<void>

  /**
   * Called for a new job instead of `dispatch`, where the store names the same kind of `transaction`: what the store is to write in
   * the commit that inserts the job, in the form of that kind. `'postgres'`: {@link SqlStatement}s.
   */
  prepare?(message: JobMessage, context: Pick<DispatchContext, 'delayMs'>): Promise<unknown>

  /**
   * Asked before a job is stored; `null` when there is no room (the client is told 503). Absent: there is always room.
   * `maxRunMs` is the job's own, `platform` that of the request it comes with.
   */
  reserve?(delayMs: number, maxRunMs?: number, platform?: Platform): Reservation | null
  /** Forget a message that was not started, and stop one that runs elsewhere if the engine can. `dispatch`: of the last hand-over. */
  cancel?(id: string, dispatch: number): Promise<void>
  /** Begin consuming in this process. */
  start?(run: Runner): Promise<void>
  /**
   * Stop consuming; resolves when what runs has ended or `drainMs` have passed, to the messages that it held only here and that
   * nobody will run now: core hands their jobs back. Called again, with a short time, once what was left has been cut off. Where it
   * rejects, `onError` is told, and the rest of the process is stopped all the same.
   */
  stop?(drainMs: number): Promise<void> | Promise<readonly LeftMessage[]>
}
