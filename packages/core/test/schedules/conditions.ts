/** What a schedule is made of: where the processes live, and what is asked of them. */

export const SETTINGS = { leaseMs: 2_000, storeTimeoutMs: 500, cancelGraceMs: 1_000, startDeadlineMs: 5_000, sweepMs: 2_000 }
export const MAX_RUN_MS = 15_000
export const CONCURRENCY = 3
export const OPERATIONS = {
  once: {},
  again: { retries: 2, backoffMs: 500 },
  later: { retries: 1, backoffMs: 8_000, delayMs: 4_000 },
  brief: { resultTtlMs: 5_000 },
  waits: { retries: 1, when: { afterMs: 3_000 } },
  told: { retries: 1, backoffMs: 500, webhook: 'https://receiver.example/' },
} as const

export interface Conditions {
  readonly engine: 'inProcess' | 'queue'
  /** What the store can do besides what it has to. */
  readonly claim: boolean
  readonly watch: boolean
  /** Whether the queue takes what the store writes for it with the job. */
  readonly transaction: boolean
  /** Where large bodies are: in the store, beside it, or nowhere. */
  readonly blobs: 'own' | 'beside' | 'none'
  /** How far the clock of a process is from the others, in milliseconds. */
  readonly skews: readonly number[]
  /** How long a call of the store takes at most, each way. */
  readonly delayMs: number
  /** How many calls in a hundred go wrong. */
  readonly faults: number
  readonly seed: number
}

export interface Step {
  readonly what:
    | 'submit'
    | 'cancel'
    | 'purge'
    | 'poll'
    | 'wait'
    | 'follow'
    | 'read'
    | 'retry'
    | 'list'
    | 'sweep'
    | 'set clock'
    | 'cut off'
    | 'stop'
    | 'kill'
  readonly operation: keyof typeof OPERATIONS
  /** What the handler does with it. */
  readonly plan: 'answer' | 'work' | 'deaf' | 'hang' | 'throw' | 'throw once' | 'refuse' | 'fail' | 'report' | 'large' | 'stream'
  readonly ms: number
  /** Length of a large body. */
  readonly size: number
  readonly key: string | undefined
  /** Which process does it, and to which of the jobs. */
  readonly process: number
  readonly job: number
  /** Until the next step. */
  readonly pauseMs: number
}

/** What is the same in all parts of one schedule. */
export interface World {
  readonly how: Conditions
  /** What was seen that must not be. */
  readonly wrong: Set<string>
  /** A number from 0 to below `sides`. */
  readonly roll: (sides: number) => number
  /** Whether nothing goes wrong any more. */
  isCalm: boolean
}

/** Numbers that are the same for the same seed (mulberry32). */
export function dice(seed: number): World['roll'] {
  let state = seed
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * sides)
  }
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
export const NEVER = new Promise<never>(() => {})
