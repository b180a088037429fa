import type { BlobStore, Job, JobStore } from '../../src/index'
import { isTerminal } from '../../src/lifecycle'
import { sharedStore } from '../service'
import { NEVER, SETTINGS, sleep, type World } from './conditions'

/** What all processes share. */
export interface Server {
  readonly store: JobStore
  /** The place for large bodies, which the store has or which is beside it. */
  readonly blobs: BlobStore | undefined
  readonly records: ReadonlyMap<string, Job>
  /** Large bodies by job, name and number. */
  readonly chunks: ReadonlyMap<string, Uint8Array>
}

/** Keeps jobs and bodies, and notes what is wrong with how they come to be so. */
export function createServer({ how, wrong }: World): Server {
  const records = new Map<string, Job>()
  const chunks = new Map<string, Uint8Array>()
  const place = placeOf(chunks)
  const blobs = how.blobs === 'none' ? undefined : place
  const store = sharedStore(how.blobs === 'own' ? { blobs } : {})
  const { insert, replace, remove } = store
  const watchers = new Map<string, Set<(version: number) => void>>()

  const note = (next: Job) => {
    const before = records.get(next.id)
    records.set(next.id, next)
    for (const tell of watchers.get(next.id) ?? []) tell(next.version)
    if (!before) return
    const isGone = next.goneAt !== undefined
    if (next.version !== before.version + 1) wrong.add('a version was skipped, or written twice')
    if (next.attempt < before.attempt || next.attempt > before.attempt + 1) wrong.add('attempts were not counted one by one')
    if (isTerminal(before.status) && next.status !== before.status) wrong.add('a finished job changed')
    if (isTerminal(before.status) && !isGone && next.result !== before.result) wrong.add('a result changed')
    if (!isGone && (next.percentComplete ?? 0) < (before.percentComplete ?? 0)) wrong.add('progress fell')
    if (next.dueAt === null) wrong.add('nobody would look at a job again')
    if (next.status === 'succeeded' && next.result !== undefined && JSON.parse(next.result).attempt !== next.attempt)
      wrong.add('the result of a late attempt was taken')
  }
  const forget = (id: string) => (how.blobs === 'own' ? place.remove(id) : undefined)

  Object.assign(store.capabilities, { watch: how.watch, transaction: how.transaction ? 'test' : undefined })
  Object.assign(store, {
    async insert(job, _events, handOver) {
      const answer = await insert(job)
      if (!answer.inserted) return answer
      if (handOver) (handOver as () => void)()
      note(job)
      return answer
    },
    async replace(next) {
      const answer = await replace(next)
      if (!answer.replaced) return answer
      note(next)
      if (next.goneAt !== undefined) await forget(next.id)
      return answer
    },
    async remove(id, version) {
      const done = await remove(id, version)
      if (!done) return false
      records.delete(id)
      await forget(id)
      return true
    },
  } satisfies Partial<JobStore>)
  if (how.claim)
    store.claim = async (id, version, changes) => {
      const job = await store.get(id, 'full')
      if (job?.version !== version) return { claimed: false, job }
      const next = { ...job, ...changes }
      const answer = await store.replace(next)
      return answer.replaced ? { claimed: true, job: next } : { claimed: false, job: await store.get(id, 'full') }
    }
  if (how.watch)
    store.watch = async function* (id, signal) {
      const versions: number[] = []
      let wake = () => {}
      const tell = (version: number) => {
        versions.push(version)
        wake()
      }
      const those = watchers.get(id) ?? new Set()
      watchers.set(id, those.add(tell))
      signal.addEventListener('abort', () => wake())
      while (!signal.aborted) {
        yield* versions.splice(0)
        if (versions.length === 0 && !signal.aborted)
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
      those.delete(tell)
    }
  return { store, blobs, records, chunks }
}

function placeOf(chunks: Map<string, Uint8Array>): BlobStore {
  return {
    maxBodyBytes: null,
    async write(id, name, index, chunk) {
      chunks.set(`${id}/${name}/${index}`, chunk.slice())
    },
    read: async (id, name, index) => chunks.get(`${id}/${name}/${index}`) ?? null,
    async remove(id, keep) {
      for (const key of chunks.keys()) if (key.startsWith(`${id}/`) && !key.startsWith(`${id}/${keep}/`)) chunks.delete(key)
    },
  }
}

/** Who asks the server. */
export interface Asking {
  /** Until when it does not reach it. */
  readonly awayUntil: number
  readonly isDead: boolean
}

/** The server as a process reaches it: slow, and away now and then, before it has written or after. */
export function reach({ store, blobs }: Server, world: World, from: () => Asking): { store: JobStore; blobs: BlobStore | undefined } {
  const { how, roll } = world
  const onTheWay = async () => {
    if (!world.isCalm) await sleep(roll(how.delayMs + 1))
  }
  const goesWrong = () => !world.isCalm && roll(100) < how.faults
  const call = async (act: () => Promise<unknown>) => {
    const fate = goesWrong() ? ['before', 'after', 'never', 'late', 'slow'][roll(5)] : 'well'
    await onTheWay()
    if (fate === 'before' || Date.now() < from().awayUntil) throw new Error('connection refused')
    if (fate === 'late') await sleep(SETTINGS.storeTimeoutMs + roll(3_000))
    if (fate === 'never' || from().isDead) return NEVER
    const answer = await act()
    await onTheWay()
    if (fate === 'slow') await sleep(roll(SETTINGS.storeTimeoutMs))
    if (fate === 'after') throw new Error('connection lost')
    return from().isDead ? NEVER : answer
  }
  const reached = <Of extends object>(of: Of, names: readonly (keyof Of)[]) =>
    Object.fromEntries(
      names
        .filter((name) => of[name])
        .map((name) => [name, (...args: never[]) => call(() => (of[name] as (...args: never[]) => Promise<unknown>)(...args))]),
    )
  const watch: JobStore['watch'] = async function* (id, signal) {
    if (goesWrong()) throw new Error('no subscription')
    for await (const version of store.watch?.(id, signal) ?? []) {
      await onTheWay()
      if (from().isDead) return NEVER
      if (goesWrong()) throw new Error('the subscription ended')
      yield version
    }
  }
  const place = blobs && ({ maxBodyBytes: null, ...reached(blobs, ['write', 'read', 'remove']) } as BlobStore)
  const there = {
    capabilities: store.capabilities,
    ...reached(store, ['insert', 'get', 'replace', 'remove', 'claim', 'due', 'list', 'holder']),
    ...(how.watch && { watch }),
    ...(how.blobs === 'own' && { blobs: place }),
  } as JobStore
  return { store: there, blobs: how.blobs === 'beside' ? place : undefined }
}
