/** Of the adapter outside of Workers: what it does there belongs to their requests, see runs.workers.test.ts. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { createJobs, inProcess } from '@respond-async/core'
import { expect, it } from 'vitest'
import { expectJobsNeeded } from '../../../tests/without-jobs'
import { jobRoutes, respondAsync } from '../src/index'

it('runs a handler with a stored request in no async context: that of who is there by then is of another', async () => {
  const user = new AsyncLocalStorage<string>()
  const jobs = createJobs({ engine: inProcess({ replay: true }) })
  const handle = respondAsync(jobs, 'a', async () => Response.json(user.getStore() ?? 'nobody'))
  await jobs.start()
  const users = ['ada', 'bob', 'cleo']
  const request = () => new Request('http://localhost/', { method: 'POST', headers: { prefer: 'wait=20' } })
  const answers = await Promise.all(users.map((name) => user.run(name, () => handle(request()))))
  expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual(users.map(() => 'nobody'))
})

it('runs a handler in the async context of its request, also after a wait in the queue and again', async () => {
  const user = new AsyncLocalStorage<string>()
  const jobs = createJobs({ engine: inProcess({ concurrency: 1 }), onError: () => {} })
  const handle = respondAsync(jobs, { operation: 'a', retries: 1, backoffMs: 1 }, async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 1))
    if (request.job.attempt === 1) throw new Error('again')
    return Response.json(user.getStore())
  })
  const routes = jobRoutes(jobs)
  const ended = async (location: string) => {
    for (;;) {
      const answer = await routes(new Request(`http://localhost${location}`, { headers: { prefer: 'wait=20' } }))
      if (answer?.status !== 202) return answer?.json()
    }
  }
  const users = ['ada', 'bob', 'cleo', 'dan']
  const request = () => new Request('http://localhost/', { method: 'POST' })
  const accepted = await Promise.all(users.map((name) => user.run(name, () => handle(request()))))
  const documents = await Promise.all(accepted.map(({ headers }) => ended(headers.get('location') ?? '')))
  expect(documents).toMatchObject(users.map((name) => ({ status: 'succeeded', attempt: 2, result: name })))
})

it('refuses what is no handler', () => {
  const wrap = respondAsync as (...args: unknown[]) => unknown
  for (const handler of [undefined, null, {}, 'text'])
    expect(() => wrap(createJobs(), 'op', handler)).toThrow('respondAsync("op") needs a name and a handler function')
})

it('refuses at once what is no jobs', () => {
  const wrap = respondAsync as (...args: unknown[]) => unknown
  expectJobsNeeded({ respondAsync: (none) => wrap(none, 'op', () => {}), jobRoutes })
  expect(() => wrap(createJobs())).toThrow('needs a name and a handler function')
})
