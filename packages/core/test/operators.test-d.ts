import { createJobs, type Job, type JobEvent, type JobQuery, type Jobs } from '@respond-async/core'
import { expectTypeOf, test } from 'vitest'
import { getList, type OwnersQuery } from '../src/list'

declare const jobs: Jobs

test('operators name an owner, nobody, or everybody', () => {
  expectTypeOf(jobs.list).parameter(0).toEqualTypeOf<Partial<JobQuery>>()
  expectTypeOf(jobs.list({})).resolves.toEqualTypeOf<{ jobs: Job[]; cursor?: string }>()
  expectTypeOf(jobs.list({ owner: null, status: ['failed', 'canceled'] })).resolves.toEqualTypeOf<{ jobs: Job[]; cursor?: string }>()
  // @ts-expect-error no state of a job
  jobs.list({ status: 'done' })
})

test('the list route is asked for one owner, by its type', () => {
  expectTypeOf<OwnersQuery['owner']>().toEqualTypeOf<string>()
  expectTypeOf(getList).parameter(1).toEqualTypeOf<string>()
})

test('history, retry and purge say what they give', () => {
  expectTypeOf(jobs.history('id', 3)).resolves.toEqualTypeOf<{ events: JobEvent[]; truncated: boolean } | null>()
  expectTypeOf(jobs.retry('id')).resolves.toEqualTypeOf<Job>()
  expectTypeOf(jobs.purge('id')).resolves.toEqualTypeOf<boolean>()
  expectTypeOf<Job['retryOf']>().toEqualTypeOf<string | undefined>()
})

test('keepRequests is one of two words', () => {
  createJobs({ defaults: { keepRequests: 'never' } })
  // @ts-expect-error what succeeded never keeps its request
  createJobs({ defaults: { keepRequests: 'always' } })
})
