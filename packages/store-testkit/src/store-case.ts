import type { JobStore, StoreCapabilities } from '@respond-async/core'
import { answerOf, inTime } from './patience'

/** Two handles over one fresh storage, as two processes would hold them. */
export interface OpenedStore {
  readonly a: JobStore
  /** Another handle over what `a` writes to; the same object where there can be only one, as with a store in memory. */
  readonly b: JobStore
  /** A further handle over the same storage, after `a` and `b` were closed. Needed where `a` and `b` of a durable store are one object. */
  reopen?(): Promise<JobStore>
  /** What a store that names a kind of `transaction` is tried with. */
  readonly handOvers?: HandOvers
  /** Closes what is open and throws the storage away. Called after every case, passed or failed. */
  dispose?(): Promise<void>
}

/** Hand-overs of the kind that the store names, over the same storage: what an engine of that kind would have prepared. */
export interface HandOvers {
  /** One that leaves `name` behind when it is done. */
  of(name: string): unknown
  /** One that does the same, and fails then. */
  failing(name: string): unknown
  /** The names that were left behind, in any order, each as often as it was. */
  done(): Promise<readonly string[]>
}

/** Opens a store over storage in which there is nothing yet. Called once for each case. */
export type OpenStore = () => OpenedStore | Promise<OpenedStore>

/** What a store declares, and whether it has the members that no capability tells of; see `declaredBy`. */
export interface Declared extends StoreCapabilities {
  /** @default false */
  readonly claim?: boolean
  /** @default false */
  readonly blobs?: boolean
  /** @default false */
  readonly holder?: boolean
}

/** What a case can only be tried with: a declared `true`, a declared limit, or a named kind of transaction. */
export type Need = Exclude<keyof Declared, 'shared'>

/** One promise of the store contract, as data: any test runner can run it, and a known failure can be pinned by its id. */
export interface StoreCase {
  /** Three letters of the group and a number. Never changes its meaning, never given to another case. */
  readonly id: string
  /** What the store does. */
  readonly title: string
  /** Run where all of these are declared; by every store where there are none. */
  readonly needs?: readonly Need[]
  /** Not run where this is declared: the case says that it is not there. */
  readonly unless?: Need
  /** A runner must not end it before so many milliseconds: it says which call has not answered, and a runner does not. */
  readonly timeoutMs: number
  /** Rejects with an error that says what was expected and what came instead. */
  run(open: OpenStore): Promise<void>
}

/** Above this a declared `maxBodyBytes` is not tried out: not every runtime has room for a body that passes it. */
const TRIED_BYTES = 67_108_864

/** A case from what it checks: opens the storage before it and throws it away after it. */
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

/** What it rejects with, which may be a text, or nothing. */
async function errorOf(work: () => Promise<unknown>): Promise<object | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    return typeof error === 'object' && error ? error : new Error(`${String(error)} was thrown, which is no Error`)
  }
}

/** Whether a store that declares this has to pass the case. */
export function applies({ needs = [], unless }: StoreCase, declared: Declared): boolean {
  return needs.every((need) => isDeclared(need, declared)) && !(unless && isDeclared(unless, declared))
}

function isDeclared(need: Need, declared: Declared): boolean {
  const value = declared[need]
  return typeof value === 'number' ? value <= TRIED_BYTES : value === true || typeof value === 'string'
}
