import type { Claimed, Inserted, Job, JobEvent, JobStore } from '@respond-async/core'
import type { OpenStore } from '../src/index'
import { type Chunks, chunksOf, MAX_BODY } from './added-chunks'
import { type AddedFault, HOLDER_FAULTS, type HolderFault } from './added-faults'
import { withHolder } from './added-holder'
import { openFaulty } from './faulty-store'

type Is = (fault: AddedFault | HolderFault) => boolean

/** What the handles share beside the store below them. */
interface Shared {
  readonly chunks: Chunks
  readonly maxBodyBytes: number | null
  /** What hand-overs have left behind. */
  readonly done: string[]
  /** What only faults look at: claimed jobs as they were, what was passed for them, events that are none, keys that stay locked, jobs as they were inserted. */
  readonly before: Map<string, Job>
  readonly passed: Map<string, Partial<Job>>
  readonly stray: Map<string, readonly JobEvent[]>
  readonly locked: Set<string | undefined>
  readonly firsts: Job[]
  readonly handedOut: Map<string, Job>
}

/** A hand-over of the kind that these stores name. */
interface HandOver {
  readonly name: string
  readonly fails: boolean
}

/**
 * A store with `claim`, `blobs` and transactions, over one that has none of them. It has one fault, or none. It has `holder` where its
 * fault is one of that, or it has none: other faults would be seen there a second time.
 */
export function openAdded(fault?: AddedFault | HolderFault): OpenStore {
  const is: Is = (name) => name === fault
  return async () => {
    const { a, b, reopen } = await openFaulty()()
    const shared: Shared = {
      ...{ chunks: new Map(), maxBodyBytes: fault ? MAX_BODY : null, done: [] },
      ...{ before: new Map(), passed: new Map(), stray: new Map(), locked: new Set(), firsts: [], handedOut: new Map() },
    }
    const open = (inner: JobStore) => {
      const store = withAdditions(inner, shared, is)
      return fault === undefined || fault in HOLDER_FAULTS ? withHolder(store, shared, is) : store
    }
    return {
      a: {
        ...open(a),
        ...(is('one_handle_claims') && { claim: undefined }),
        ...(is('one_handle_has_blobs') && { blobs: undefined }),
        ...(is('one_handle_has_holders') && { holder: undefined }),
      },
      b: open(b),
      reopen: async () => open((await reopen?.()) ?? a),
      ...(!is('comes_without_hand_overs') && {
        handOvers: {
          of: (name): HandOver => ({ name, fails: false }),
          failing: (name): HandOver => ({ name, fails: true }),
          done: async () => shared.done,
        },
      }),
    }
  }
}

function withAdditions(inner: JobStore, shared: Shared, is: Is): JobStore {
  const { before, stray } = shared
  const { blobs, removeAll } = chunksOf(shared.chunks, is, shared.maxBodyBytes, async (id) => (await inner.get(id)) !== null)

  return {
    capabilities: { ...inner.capabilities, transaction: is('names_no_transaction') ? '' : 'of the tests' },
    blobs,
    insert: (job, events, handOver) => {
      if (is('inserts_delete_chunks')) removeAll(job.id)
      return insert(inner, shared, is, job, events, handOver as HandOver | undefined) // the kind that this store names
    },
    claim: (id, version, changes, events) => claim(inner, shared, is, id, version, changes, events),
    async get(id, view) {
      const job = await inner.get(id, view)
      return job && is('keeps_passed_changes') ? { ...job, meta: shared.passed.get(id)?.meta ?? job.meta } : job
    },
    async replace(next, events) {
      const answer = await inner.replace(next, events)
      const buried = next.goneAt !== undefined && (answer.replaced || is('lost_tombstones_delete_chunks'))
      if ((buried && !is('tombstones_leave_chunks')) || is('every_replace_deletes_chunks')) removeAll(next.id)
      return answer
    },
    async remove(id, version) {
      const removed = await inner.remove(id, version)
      if ((removed && !is('removals_leave_chunks')) || is('refused_removals_delete_chunks')) removeAll(id)
      return removed
    },
    async due(time, limit) {
      if (!is('due_before_the_claim')) return (await inner.due?.(time, limit)) ?? []
      const all = (await inner.due?.(Number.MAX_SAFE_INTEGER, 1_000)) ?? []
      const timeOf = (job: Job) => (before.get(job.id) ?? job).dueAt ?? 0
      return all
        .filter((job) => timeOf(job) <= time)
        .sort((x, y) => timeOf(x) - timeOf(y))
        .slice(0, limit)
    },
    async list(query) {
      const wanted = is('lists_status_before_the_claim') ? { ...query, status: undefined } : query
      const page = await inner.list?.(wanted)
      const jobs = (page?.jobs ?? []).filter(
        (job) => wanted === query || [query.status ?? job.status].flat().includes((before.get(job.id) ?? job).status),
      )
      return { ...page, jobs }
    },
    async events(id, after, limit) {
      const answer = await inner.events?.(id, after, limit)
      if (!answer) return { events: [], truncated: false }
      return { ...answer, events: [...answer.events, ...(stray.get(id) ?? [])] }
    },
    async *watch(id, signal) {
      for await (const version of inner.watch?.(id, signal) ?? []) yield is('tells_nonsense_of_claims') && before.has(id) ? 0 : version
    },
    async close() {
      await inner.close?.()
      if (is('chunks_go_when_closed')) shared.chunks.clear()
    },
  }
}

async function insert(
  inner: JobStore,
  { done, locked }: Shared,
  is: Is,
  job: Job,
  events: readonly JobEvent[] | undefined,
  handOver: HandOver | undefined,
): Promise<Inserted> {
  if (job.idempotencyKey !== undefined && locked.has(job.idempotencyKey)) return { inserted: false, job }
  const answer = await inner.insert(job, events)
  if (!handOver || is('skips_hand_overs') || !(answer.inserted || is('hands_over_for_losers'))) return answer
  const { name, fails } = handOver
  if (!fails || is('keeps_half_of_what_failed')) done.push(name)
  if (!fails && is('hands_over_twice')) done.push(name)
  if (!fails) return answer
  if (!is('keeps_what_failed')) await inner.remove(job.id)
  if (is('keeps_the_key_of_what_failed')) locked.add(job.idempotencyKey)
  if (is('swallows_errors')) return answer
  throw new Error('The hand-over failed')
}

/** Reads, compares and sets until it is known who won: what one statement does elsewhere. */
async function claim(
  inner: JobStore,
  shared: Shared,
  is: Is,
  id: string,
  version: number,
  changes: Partial<Job>,
  events?: readonly JobEvent[],
): Promise<Claimed> {
  for (;;) {
    const stored = await inner.get(id, 'full')
    if (!stored) {
      if (is('claims_make_jobs')) await inner.insert({ ...EMPTY, ...changes, id })
      return { claimed: false, job: null }
    }
    if (!mayClaim(stored, version, is)) {
      if (is('events_of_lost_claims') && events) shared.stray.set(id, events)
      if (is('lost_claims_say_nothing')) return { claimed: false, job: null }
      return { claimed: false, job: is('lost_claims_return_heads') ? await inner.get(id, 'head') : stored }
    }
    const job = merged(stored, changes, is)
    if (is('claims_only_in_the_answer')) return { claimed: true, job }
    if (is('claims_check_then_write')) {
      await Promise.resolve()
      await inner.remove(id)
      await inner.insert(job)
    } else if (!(await inner.replace(job, is('claims_drop_events') ? [] : events)).replaced) continue
    shared.before.set(id, stored)
    shared.passed.set(id, changes)
    if (is('claims_every_job'))
      for (const other of (await inner.due?.(Number.MAX_SAFE_INTEGER, 100)) ?? [])
        await inner.replace({ ...other, ...changes, requestBody: undefined, responseBody: undefined })
    if (is('claims_delete_chunks')) shared.chunks.clear()
    if (is('claims_return_what_was')) return { claimed: true, job: stored }
    return { claimed: true, job: is('claims_return_heads') ? await inner.get(id, 'head') : job }
  }
}

const EMPTY: Job = {
  ...{ id: '', version: 1, revision: 1, operation: '', owner: null, status: 'queued', createdAt: 0, updatedAt: 0, dueAt: null },
  ...{ attempt: 0, maxAttempts: 1, dispatch: 1, request: null, response: null },
}

function mayClaim(stored: Job, version: number, is: Is): boolean {
  if (is('claims_any_version')) return true
  if (is('claims_newer_versions')) return stored.version >= version
  return stored.version === version || (is('claims_tombstones') && stored.goneAt !== undefined)
}

function merged(stored: Job, changes: Partial<Job>, is: Is): Job {
  const written = is('claims_ignore_undefined')
    ? Object.fromEntries(Object.entries(changes).filter(([, member]) => member !== undefined))
    : changes
  const job = { ...(is('claims_forget_the_rest') ? { ...EMPTY, id: stored.id } : stored), ...written, version: stored.version + 1 }
  if (is('claims_free_the_key')) return { ...job, idempotencyKey: undefined }
  if (is('claims_erase_bodies')) return { ...job, requestBody: null, responseBody: null }
  if (is('claims_turn_empty_lists_into_objects'))
    return {
      ...job,
      meta: job.meta && JSON.parse(JSON.stringify(job.meta), (_, value) => (Array.isArray(value) && value.length === 0 ? {} : value)),
    }
  if (is('claims_shorten_numbers'))
    return {
      ...job,
      meta:
        job.meta && JSON.parse(JSON.stringify(job.meta), (_, value) => (typeof value === 'number' ? Number(value.toPrecision(14)) : value)),
    }
  if (is('claims_parse_results')) return { ...job, result: job.result && JSON.stringify(JSON.parse(job.result)) }
  return job
}
