/** What all applications here do, on Node and on Workers. */

/** What a client wants to be done. */
export interface Work {
  /** Its own name for the job: what it sends as `Idempotency-Key`, if it sends one. */
  readonly key: string
  readonly ms?: number
  /** In how many steps, each reported. @default 1: nothing is reported */
  readonly steps?: number
  /** Not before there is a file of this name. */
  readonly gate?: string
  /** Stops when its signal says so. @default false: as a handler that was written before there were jobs */
  readonly listens?: boolean
}

/** What it gets. */
export interface Done {
  readonly key: string
  readonly attempt: number
  readonly pid: number
}

/** What a handler reports before and after its work, so that a test knows what really ran, whatever the API says. */
export interface Line {
  readonly event: 'start' | 'end' | 'abort'
  readonly id: string
  /** What the client called the job, in its body. */
  readonly key: string
  readonly attempt: number
  readonly pid: number
  /** Epoch milliseconds, by the clock of the machine. */
  readonly at: number
}

export const WORK = { operation: 'work', retries: 20, backoffMs: 50 }
