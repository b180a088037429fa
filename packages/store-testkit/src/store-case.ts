import type { JobStore, StoreCapabilities } from '@respond-async/core'
import { answerOf, inTime } from './patience'

/** Two handles over one fresh storage, as two processes would hold them. */
export interface OpenedStore {
  readonly a: JobStore
  /** Another handle over the storage of `a`; the same object if there can be only one, as with a store in memory. */
  readonly b: JobStore
  /** Opens a further handle over the same storage, after `a` and `b` were closed. Needed if these are one object in a durable store. */
  reopen?(): Promise<JobStore>
  /** Needed for a store that names a kind of `transaction`. */
  readonly handOvers?: HandOvers
  /** Closes the handles and deletes the storage. Called after every case, passed or failed. */
  dispose?(): Promise<void>
}

/** Values for `handOver` of `insert`, as an engine with the store's kind of `transaction` would prepare. */
export interface HandOvers {
  /** One that records `name` in the storage. */
  of(name: string): unknown
  /** One that does the same and then fails. */
  failing(name: string): unknown
  /** The recorded names, in any order, each as often as it was recorded. */
  done(): Promise<readonly string[]>
}

/** Opens a store over empty storage. Called once for each case. */
export type OpenStore = () => OpenedStore | Promise<OpenedStore>

/** The capabilities of a store, and whether it has the optional members without a capability; see `declaredBy`. */
export interface Declared extends StoreCapabilities {
  /** @default false */
  readonly claim?: boolean
  /** @default false */
  readonly blobs?: boolean
  /** @default false */
  readonly holder?: boolean
}

/** What a case requires of a store: a capability that is `true`, a limit, or a kind of `transaction`. */
export type Need = Exclude<keyof Declared, 'shared'>

/** One promise of the store contract, as data: any test runner can run it, and a known failure can be pinned by its id. */
export interface StoreCase {
  /** Three letters for the group, and a number. Stable: never reused for another case. */
  readonly id: string
  /** What the store does. */
  readonly title: string
  /** Run only if all of these are declared. */
  readonly needs?: readonly Need[]
  /** Not run if this is declared: the case checks its absence. */
  readonly unless?: Need
  /** Time limit that a runner must at least allow, in milliseconds. The case itself reports which call has not answered. */
  readonly timeoutMs: number
  /** Rejects with an error that says what was expected and what came instead. */
  run(open: OpenStore): Promise<void>
}

/** Above this a declared `maxBodyBytes` is not tried out: not every runtime has room for a body that passes it. */
const TRIED_BYTES = 67_108_864

/** Makes a case: opens the storage, runs `check`, and disposes of the storage. */
export function storeCase(id: string, title: string, check: (opened: OpenedStore) => Promise<void>, ...needs: readonly Need[]): StoreCase {
  return {
    ...{ id, title, needs, timeoutMs: 120_000 },
    async run(open) {
      const opened = await answerOf('open', open())
      const failure = await errorOf(() => check(inTime(opened)))
      const left = await errorOf(() => answerOf('dispose', opened.dispose?.()))
      if (failure ?? left) throw failure ?? left
    },
  }
}

/** What `work` rejects with, as an object; `undefined` if it resolves. */
async function errorOf(work: () => Promise<unknown>): Promise<object | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    return typeof error === 'object' && error ? error : new Error(`${String(error)} was thrown, which is no Error`)
  }
}

/** Whether a store with these capabilities must pass the case. */
export function applies({ needs = [], unless }: StoreCase, declared: Declared): boolean {
  return needs.every((need) => isDeclared(need, declared)) && !(unless && isDeclared(unless, declared))
}

function isDeclared(need: Need, declared: Declared): boolean {
  const value = declared[need]
  return typeof value === 'number' ? value <= TRIED_BYTES : value === true || typeof value === 'string'
}
