import { createJobs, type Execute, type Job, type JobEngine, type JobMessage, memoryStore } from '@respond-async/core'
import { expect, test } from 'vitest'

/** An engine that carries nothing by itself: the test delivers, and tells what it has heard. */
function byHand(execute: Execute, retries = 0, store = memoryStore()) {
  const sent: JobMessage[] = []
  const engine: JobEngine = {
    capabilities: { durable: true, remote: true, maxRunMs: null, delay: true, cancel: 'remote' },
    dispatch: async (message) => void sent.push(message),
  }
  const jobs = createJobs({ store, engine, sweepMs: 0, cancelGraceMs: 0, onError: () => {} })
  jobs.define('work', { retries }, execute)
  return { jobs, store, sent }
}

/** Work that waits for its signal, or until it is let go. */
function waiting() {
  let letGo = () => {}
  let begun = () => {}
  const started = new Promise<void>((resolve) => {
    begun = resolve
  })
  const execute: Execute = ({ handle }) =>
    new Promise((resolve, reject) => {
      letGo = () => resolve({ status: 200, headers: {}, body: null })
      handle.signal.addEventListener('abort', () => reject(handle.signal.reason))
      begun()
    })
  return { execute, started, letGo: () => letGo() }
}

test('a run that its engine interrupts is canceled where the job says so', async () => {
  const { execute, started } = waiting()
  const { jobs, sent } = byHand(execute)
  const { id } = await jobs.submit('work', {})
  const heard = new AbortController()
  const run = jobs.run(sent[0] as JobMessage, { signal: heard.signal })
  await started
  await jobs.cancel(id)
  heard.abort()
  await run
  expect((await jobs.get(id))?.status).toBe('canceled')
})

test('it says that the job is not its own where another worker has that by now', async () => {
  const { execute, started } = waiting()
  const { jobs, store, sent } = byHand(execute)
  const { id } = await jobs.submit('work', {})
  const heard = new AbortController()
  const run = jobs.run(sent[0] as JobMessage, { signal: heard.signal })
  await started
  const job = (await store.get(id)) as Job
  await store.replace({ ...job, version: job.version + 1, attempt: job.attempt + 1 })
  heard.abort()
  expect((await run).kind).toBe('skip')
  expect(await jobs.get(id)).toMatchObject({ status: 'running', attempt: 2 })
})

test('it says that nothing is left to do where the job was canceled before its throw could bring a retry', async () => {
  const store = memoryStore()
  const execute: Execute = async ({ handle }) => {
    const job = (await store.get(handle.id)) as Job
    await store.replace({ ...job, version: job.version + 1, cancelRequestedAt: Date.now() }) // by another process
    throw new Error('no')
  }
  const { jobs, sent } = byHand(execute, 1, store)
  const { id } = await jobs.submit('work', {})
  expect(await jobs.run(sent[0] as JobMessage)).toEqual({ kind: 'done' })
  expect((await jobs.get(id))?.status).toBe('canceled')
})

test('a message of a job that is not there any more is dropped, whether its operation is known or not', async () => {
  const { jobs } = byHand(waiting().execute)
  for (const operation of ['work', 'other'])
    expect((await jobs.run({ v: 1, id: crypto.randomUUID(), operation, dispatch: 1 })).kind).toBe('skip')
})

test('it goes on where the job says nothing of a cancel', async () => {
  const { execute, started, letGo } = waiting()
  const { jobs, sent } = byHand(execute)
  const { id, version } = await jobs.submit('work', {})
  const heard = new AbortController()
  const run = jobs.run(sent[0] as JobMessage, { signal: heard.signal })
  await started
  heard.abort(new Error('another worker has the message'))
  await expect.poll(async () => (await jobs.get(id))?.version).toBe(version + 2) // claimed, and looked at
  letGo()
  await run
  expect((await jobs.get(id))?.status).toBe('succeeded')
})

test('it ends at a time limit of its engine, also one that had passed before it began', async () => {
  for (const early of [true, false]) {
    const { execute, started } = waiting()
    const { jobs, sent } = byHand(execute)
    const { id } = await jobs.submit('work', {})
    const limit = new AbortController()
    const pass = () => limit.abort(new DOMException('too long', 'TimeoutError'))
    if (early) pass()
    const run = jobs.run(sent[0] as JobMessage, { signal: limit.signal })
    await started
    if (!early) pass()
    await run
    expect((await jobs.get(id))?.error?.code).toBe('timeout')
  }
})

test('a message of an earlier hand-over runs the job, one of a hand-over that was not recorded does not', async () => {
  let now = 1_000_000
  const sent: JobMessage[] = []
  const engine: JobEngine = {
    capabilities: { durable: true, remote: true, maxRunMs: null, delay: true, cancel: 'none' },
    dispatch: async (message) => void sent.push(message),
  }
  const jobs = createJobs({ store: memoryStore(), engine, sweepMs: 0, startDeadlineMs: 1_000, now: () => now })
  jobs.define('work', {}, async () => ({ status: 200, headers: {}, body: null }))
  const { id } = await jobs.submit('work', {})
  now += 1_000
  await jobs.sweep()
  const [first, second] = sent as [JobMessage, JobMessage]
  expect([first.dispatch, second.dispatch]).toEqual([1, 2])
  expect((await jobs.run({ ...second, dispatch: 3 })).kind).toBe('skip')
  expect((await jobs.run(first)).kind).toBe('done')
  expect((await jobs.run(second)).kind).toBe('skip')
  expect((await jobs.get(id))?.attempt).toBe(1)
})
