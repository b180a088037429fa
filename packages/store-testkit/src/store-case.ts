import type { JobStore, StoreCapabilities } from '@respond-async/core'

/** Two handles over one fresh storage, as two processes would hold them. */
export interface OpenedStore {
  readonly a: JobStore
  /** Another handle over what `a` writes to; the same object where there can be only one, as with a store in memory. */
  readonly b: JobStore
  /** A further handle over the same storage, after `a` and `b` were closed. Needed where `a` and `b` of a durable store are one object. */
  reopen?(): Promise<JobStore>
  /** Closes what is open and throws the storage away. Called after every case, passed or failed. */
  dispose?(): Promise<void>
}

/** Opens a store over storage in which there is nothing yet. Called once for each case. */
export type OpenStore = () => OpenedStore | Promise<OpenedStore>

/** What a case can only be tried with: a declared `true`, or a declared limit. */
export type Need = Exclude<keyof StoreCapabilities, 'shared'>

/** One promise of the store contract, as data: any test runner can run it, and a known failure can be pinned by its id. */
export interface StoreCase {
  /** Three letters of the group and a number. Never changes its meaning, never given to another case. */
  readonly id: string
  /** What the store does. */
  readonly title: string
  readonly needs?: Need
  /** Rejects with an error that says what was expected and what came instead. */
  run(open: OpenStore): Promise<void>
}

/** Above this a declared `maxBodyBytes` is not tried out: not every runtime has room for a body that passes it. */
const TRIED_BYTES = 67_108_864

/** A case from what it checks: opens the storage before it and throws it away after it. */
export function storeCase(id: string, title: string, check: (opened: OpenedStore) => Promise<void>, needs?: Need): StoreCase {
  return {
    ...{ id, title, needs },
    async run(open) {
      const opened = await open()
      try {
        await check(opened)
      } finally {
        await opened.dispose?.()
      }
    },
  }
}

/** Whether a store that declares these capabilities has to pass the case. */
export function applies({ needs }: StoreCase, capabilities: StoreCapabilities): boolean {
  if (needs === undefined) return true
  const declared = capabilities[needs]
  return typeof declared === 'number' ? declared <= TRIED_BYTES : declared === true
}
