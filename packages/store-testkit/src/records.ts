import type { Job, JobEvent, JobStore } from '@respond-async/core'

/** The time used in the cases, 2023-11-14T22:13:20Z; any will do, since a store has no clock. */
export const T0 = 1_700_000_000_000

/** Ids as core makes them: lowercase UUIDv4. */
export const idOf = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`

/** A job that has just been accepted. Frozen, because a store must not change what it is given. */
export function job(n: number, more: Partial<Job> = {}): Job {
  return frozen({
    ...{
      id: idOf(n),
      version: 1,
      revision: 1,
      operation: 'report',
      owner: null,
      status: 'queued',
      createdAt: T0,
      updatedAt: T0,
      dueAt: T0 + 60_000,
    },
    ...{ attempt: 0, maxAttempts: 1, dispatch: 1, request: null, response: null, requestBody: null, responseBody: null },
    ...more,
  })
}

/** The job after a change: its version is one higher. */
export const next = (before: Job, change: Partial<Job> = {}): Job => frozen({ ...before, version: before.version + 1, ...change })

/** What remains of a purged or expired job. */
export const stone = (before: Job, change: Partial<Job> = {}): Job =>
  next(before, { idempotencyKey: undefined, goneAt: T0 + 1, dueAt: T0 + 2, requestBody: null, responseBody: null, ...change })

export const event = (version: number, more: Partial<JobEvent> = {}): JobEvent =>
  frozen({ version, at: T0 + version, type: version === 1 ? 'insert' : 'progress', status: 'queued', attempt: 0, ...more })

/** Inserts jobs one after another through one handle. */
export async function insertAll(store: JobStore, jobs: readonly Job[]): Promise<void> {
  for (const one of jobs) {
    const { inserted } = await store.insert(one)
    if (!inserted) throw new Error(`insert(${one.id}) says that the job exists already, but the storage should be empty`)
  }
}

/** Runs `act` a number of times concurrently, alternating between the two handles. */
export const parallel = <T>(times: number, { a, b }: { a: JobStore; b: JobStore }, act: (store: JobStore, n: number) => Promise<T>) =>
  Promise.all(Array.from({ length: times }, (_, n) => act(n % 2 === 0 ? a : b, n)))

/** Numbers from 1. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1)

/** Bytes of every value in no simple order. */
export const noise = (size: number): Uint8Array => new Uint8Array(size).map((_, at) => (at * 31 + (at >> 8)) & 255)

/** Freezes deeply, except for bytes, which cannot be frozen. */
function frozen<T extends object>(value: T): T {
  for (const member of Object.values(value)) if (typeof member === 'object' && member && !ArrayBuffer.isView(member)) frozen(member)
  return Object.freeze(value)
}
