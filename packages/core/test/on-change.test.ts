import { describe, expect, test, vi } from 'vitest'
import { type ChangeType, inProcess, isTerminal, type Job, type JobsOptions, memoryStore } from '../src/index'
import { type Caller, createService, gate, idOf, location, ok, sharedStore } from './service'

interface Change {
  readonly id: string
  readonly change: ChangeType
  readonly status: Job['status']
  readonly version: number
  readonly attempt: number
}

/** A service with all that its `onChange` is told. */
function watched(options: JobsOptions<Caller> = {}) {
  const told: Change[] = []
  const service = createService({
    onChange: ({ id, status, version, attempt }, change) => void told.push({ id, change, status, version, attempt }),
    ...options,
  })
  const of = (id: string) => told.filter((one) => one.id === id)
  const over = (id: string) =>
    vi.waitFor(() => {
      const last = of(id).at(-1)
      expect(last && isTerminal(last.status)).toBe(true)
    })
  return { ...service, told, over, changesOf: (id: string) => of(id).map(({ change, status }) => `${change} ${status}`) }
}

describe('onChange', () => {
  test('is told of the whole life of a job, of one that starts at once and of one that waits', async () => {
    const { wrap, post, over, changesOf, told, jobs } = watched({ engine: inProcess({ concurrency: 1 }) })
    const { open, opened } = gate()
    wrap('report', {}, async ({ handle }) => {
      await handle.progress(50, 'half')
      await opened
      return ok('made')
    })
    const first = idOf(location(await post('report')))
    const second = idOf(location(await post('report')))
    await vi.waitFor(() => expect(changesOf(first)).toContain('progress running'))
    open()
    await over(second)
    const life = ['insert queued', 'start running', 'progress running', 'succeed succeeded']
    expect([changesOf(first), changesOf(second)]).toEqual([life, life])
    expect(told.filter(({ id }) => id === first).map(({ version }) => version)).toEqual([1, 2, 3, 4])
    const canceled = await jobs.submit('report', null, { delayMs: 60_000 })
    await jobs.cancel(canceled.id)
    expect(changesOf(canceled.id)).toEqual(['insert queued', 'cancel canceled'])
    await jobs.stop()
  })

  test('is told just what the history of the job says: retries, a failure, a claim by a worker', async () => {
    const store = memoryStore({ maxEvents: 20 })
    const { wrap, over, told, jobs } = watched({ store, engine: inProcess({ replay: true }) })
    wrap('report', { retries: 1, backoffMs: 1 }, async () => {
      throw new Error('broken')
    })
    await jobs.start()
    const { id } = await jobs.submit('report', null)
    await over(id)
    const history = await jobs.history(id)
    const said = history?.events.map(({ type: change, status, version, attempt }) => ({ id, change, status, version, attempt }))
    expect(told).toEqual(said)
    expect(told.map(({ change }) => change)).toEqual(['insert', 'start', 'release', 'start', 'fail'])
    await jobs.stop()
  })

  test('of two processes, the one that made a change is told, and only that', async () => {
    const store = sharedStore()
    const [web, other] = [watched({ store, leaseMs: 1_000 }), watched({ store, leaseMs: 1_000 })]
    const { open, opened } = gate()
    for (const { wrap } of [web, other])
      wrap('report', {}, async ({ handle }) => {
        handle.signal.addEventListener('abort', () => open())
        await opened
        throw handle.signal.reason
      })
    const id = idOf(location(await web.post('report', { headers: { 'idempotency-key': 'k' } })))
    await other.post('report', { headers: { 'idempotency-key': 'k' } }) // finds the job, and makes none
    await Promise.all([other.jobs.cancel(id), other.jobs.cancel(id)])
    await web.over(id)
    expect(other.changesOf(id)).toEqual(['requestCancel running'])
    expect(web.changesOf(id).filter((change) => change !== 'renew running')).toEqual(['insert queued', 'start running', 'cancel canceled'])
    const versions = [...web.told, ...other.told].map(({ version }) => version)
    expect(versions.sort((a, b) => a - b)).toEqual(versions.map((_, at) => at + 1))
    await Promise.all([web.jobs.stop(), other.jobs.stop()])
  })

  test.each<[string, () => void | Promise<void>]>([
    [
      'throws',
      () => {
        throw new Error('no such label')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no such label'))],
  ])('a listener that %s breaks nothing and is reported', async (_, onChange) => {
    const about: string[] = []
    const { wrap, post, jobs } = createService({
      onChange,
      onError: (error, { during, id, operation }) => void about.push(`${during} ${operation} ${id}: ${error}`),
    })
    wrap('report', {}, async () => ok('made'))
    const id = idOf(location(await post('report')))
    await vi.waitFor(async () => expect(await jobs.get(id)).toMatchObject({ status: 'succeeded' }))
    await vi.waitFor(() => expect(about).toEqual(Array(3).fill(`onChange report ${id}: Error: no such label`)))
    await jobs.stop()
  })
})

test('an `onError` that rejects is reported, not left to end the process', async () => {
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
  const { wrap, post, jobs } = createService({ onError: (async () => Promise.reject(new Error('the log is away'))) as () => void })
  wrap('report', {}, async () => {
    throw new Error('broken')
  })
  const id = idOf(location(await post('report')))
  await vi.waitFor(async () => expect(await jobs.get(id)).toMatchObject({ status: 'failed' }))
  await vi.waitFor(() =>
    expect(printed.mock.calls.map((call) => call.join(' '))).toEqual([`respond-async: onError report ${id}: Error: the log is away`]),
  )
  printed.mockRestore()
  await jobs.stop()
})
