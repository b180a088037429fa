import type { JobStore } from '@respond-async/core'
import { versionsFrom } from '@respond-async/core/store'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type OpenStore, storeCases } from '../src/index'
import { openAdded } from './added-store'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers().restoreAllMocks())

const never = () => new Promise<never>(() => {})
const WATCHES = ['WAT1', 'WAT2', 'WAT3', 'WAT4', 'WAT5', 'WAT6']

/** What a case says of the store without a fault, of which one thing is different. */
async function said(id: string, differ: (store: JobStore) => Partial<JobStore>, more: object = {}): Promise<string | undefined> {
  const open: OpenStore = async () => {
    const opened = await openAdded()()
    const differing = (store: JobStore) => ({ ...store, ...differ(store) })
    return { ...opened, a: differing(opened.a), b: differing(opened.b), ...more }
  }
  const found = storeCases.find((one) => one.id === id)?.run(open)
  const message = found?.then(
    () => undefined,
    (error: Error) => error.message,
  )
  await vi.advanceTimersByTimeAsync(120_000)
  return Promise.race([message, 'it still runs'])
}

describe('what never answers is named, and the case ends', () => {
  it('a call', async () => {
    expect(await said('INS1', () => ({ insert: never }))).toBe('insert() has not answered within 60000 ms')
    expect(await said('REM1', () => ({ remove: never }))).toBe('remove() has not answered within 60000 ms')
    expect(await said('WAT1', () => ({ replace: never }))).toBe('replace() has not answered within 60000 ms')
    expect(await said('CLS1', () => ({ close: never }))).toBe('close() has not answered within 60000 ms')
  })
  it('a call of what belongs to a store', async () => {
    const blobs = ({ blobs: all }: JobStore) => ({ blobs: all && { ...all, read: never } })
    expect(await said('BLB1', blobs)).toBe('blobs.read() has not answered within 60000 ms')
    const handOvers = { of: (name: string) => name, failing: (name: string) => name, done: never }
    expect(await said('TRX1', () => ({}), { handOvers })).toBe('done() has not answered within 60000 ms')
  })
  it('what opens a storage, or throws it away', async () => {
    expect(await said('CLS2', () => ({}), { reopen: never })).toBe('reopen() has not answered within 60000 ms')
    expect(await said('INS1', () => ({}), { dispose: never })).toBe('dispose() has not answered within 60000 ms')
  })
})

it('what a store does wrong is told, whatever becomes of its storage', async () => {
  const dispose = () => Promise.reject(new Error('not empty'))
  expect(await said('INS1', () => ({ get: async () => null }), { dispose })).toMatch('expected job')
  expect(await said('INS1', () => ({}), { dispose })).toBe('not empty')
})

it('a text that is thrown is told', async () => {
  expect(await said('INS1', () => ({ insert: () => Promise.reject('no connection') }))).toBe('no connection was thrown, which is no Error')
})

it('a store may be frozen, or of a class that keeps its things for itself', async () => {
  class Store {
    #inner: JobStore
    constructor(inner: JobStore) {
      this.#inner = inner
    }
    get capabilities() {
      return this.#inner.capabilities
    }
    insert: JobStore['insert'] = (...given) => this.#inner.insert(...given)
    get(id: string, view?: 'head' | 'full') {
      return this.#inner.get(id, view)
    }
  }
  const open =
    (make: (store: JobStore) => JobStore): OpenStore =>
    async () => {
      const { a } = await openAdded()()
      const made = make(a)
      return { a: made, b: made }
    }
  const insert = storeCases.find(({ id }) => id === 'INS1')
  await insert?.run(open((store) => Object.freeze({ ...store })))
  await insert?.run(open((store) => new Store(store) as unknown as JobStore))
})

describe('a watch', () => {
  it('may begin with the version that was there: whoever begins to listen may have missed something', async () => {
    const watch = ({ get, watch: tell }: JobStore): Partial<JobStore> => ({
      watch: (id, signal) =>
        versionsFrom(signal, (listener) => {
          get(id, 'head').then((job) => listener.hear(job?.version ?? 0))
          listener.nudge()
          const listen = async () => {
            for await (const version of tell?.(id, signal) ?? []) listener.hear(version)
          }
          void listen()
          return () => {}
        }),
    })
    for (const id of WATCHES) expect([id, await said(id, watch)]).toEqual([id, undefined])
  })
  it('that tells of nothing but that one fails', async () => {
    const watch = () => ({
      async *watch(_id: string, signal: AbortSignal) {
        yield 1
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
      },
    })
    for (const id of WATCHES.filter((one) => one !== 'WAT3'))
      expect([id, await said(id, watch)]).toEqual([id, expect.stringContaining('did not come')])
  })
  it('that tells of one version again and again fails, and ends', async () => {
    const watch = ({ watch: tell }: JobStore): Partial<JobStore> => ({
      async *watch(id, signal) {
        for await (const version of tell?.(id, signal) ?? []) for (;;) yield version
      },
    })
    vi.useRealTimers()
    vi.spyOn(Date, 'now').mockImplementation(
      (
        (at) => () =>
          (at += 100)
      )(0),
    )
    const found = storeCases
      .find(({ id }) => id === 'WAT2')
      ?.run(async () => {
        const opened = await openAdded()()
        return { ...opened, b: { ...opened.b, ...watch(opened.b) } }
      })
    await expect(found).rejects.toThrow('again and again')
  })
})
