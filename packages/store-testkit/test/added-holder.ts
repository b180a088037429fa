import type { Job, JobStore } from '@respond-async/core'
import type { HolderFault } from './added-faults'

/** What only faults look at. */
interface Memory {
  /** Jobs as they were inserted. */
  readonly firsts: Job[]
  /** Claimed jobs as they were. */
  readonly before: ReadonlyMap<string, Job>
  readonly handedOut: Map<string, Job>
}

/** The store with `holder`, which looks through an owner's list. It has one fault, or none. */
export function withHolder(store: JobStore, { firsts, before, handedOut }: Memory, is: (fault: HolderFault) => boolean): JobStore {
  const cache = new Map<string, Job | null>()

  const isOf = (job: Job, owner: string | null, key: string): boolean => {
    if (is('holders_ignore_case')) return job.owner === owner && job.idempotencyKey?.toLowerCase() === key.toLowerCase()
    if (is('holders_take_nobody_for_an_empty_name')) return (job.owner ?? '') === (owner ?? '') && job.idempotencyKey === key
    return (job.owner === owner || is('holders_of_any_owner')) && job.idempotencyKey === key
  }
  const find = async (owner: string | null, key: string): Promise<Job | null> => {
    const { jobs = [] } = (await store.list?.({ limit: 100 })) ?? {}
    const found = jobs.find((job) => isOf(job, owner, key))
    const first = firsts.find((job) => isOf(job, owner, key))
    if (found)
      return is('holders_as_inserted') ? (first ?? found) : is('holders_before_the_claim') ? (before.get(found.id) ?? found) : found
    const left = first && (await store.get(first.id, 'head'))
    if (is('holders_that_were_removed') && first && !left) return first
    if (is('holders_that_are_gone') && left?.goneAt !== undefined) return left
    return is('holders_of_nothing_are_undefined') ? (undefined as never) : null
  }
  const shown = (job: Job): Job => {
    if (is('holders_with_null_for_bodies')) return { ...job, requestBody: null, responseBody: null }
    if (is('hands_out_its_holders')) handedOut.set(job.id, job)
    return job
  }

  return {
    ...store,
    async insert(job, ...more) {
      const answer = await store.insert(job, ...more)
      if (answer.inserted) firsts.push(job)
      return answer
    },
    async get(id, view) {
      const job = await store.get(id, view)
      return job && { ...job, ...handedOut.get(id) }
    },
    async holder(owner, key) {
      const place = JSON.stringify([owner, key])
      const found = (is('caches_holders') && cache.get(place)) || (await find(owner, key))
      cache.set(place, found)
      return found && shown(found)
    },
  }
}
