import type { Job, JobStore } from '@respond-async/core'
import { equal, ok } from '../assertions'
import { claim, watch } from '../optional-methods'
import { within } from '../patience'
import { idOf, insertAll, job, next, upTo } from '../records'
import { type Need, type OpenedStore, type StoreCase, storeCase } from '../store-case'

/** How long a change may take to reach a watcher, in milliseconds. */
const PATIENCE_MS = 10_000

/** More watchers than a database client's pool has connections. */
const MANY = 50

const watchCase = (id: string, title: string, check: (opened: OpenedStore) => Promise<void>, ...more: readonly Need[]): StoreCase =>
  storeCase(id, title, check, 'watch', ...more)

const soon = <T>(news: Promise<T>, what: string): Promise<T> => within(PATIENCE_MS, news, `${what} did not come`)

const byReplace = async (store: JobStore, after: Job) => (await store.replace(after)).replaced
const byClaim = async (store: JobStore, { id, version }: Job) => (await claim(store, id, version - 1, { version })).claimed

/** The first version after 1 that the watcher receives. Version 1 may be repeated, if the store cannot know whether a change was missed. */
async function firstNews(watcher: AsyncIterator<number>): Promise<IteratorResult<number>> {
  const until = Date.now() + PATIENCE_MS
  let told = await watcher.next()
  while (told.value === 1 && Date.now() < until) told = await watcher.next()
  return told
}

/** Writes versions until the watcher receives one, because the contract does not say when a subscription becomes active. */
async function firstHeard(store: JobStore, watcher: AsyncIterator<number>, write = byReplace): Promise<{ heard: number; written: number }> {
  const heard = firstNews(watcher)
  let settled = false
  heard.then(
    () => {
      settled = true
    },
    () => {
      settled = true
    },
  )
  let current = job(1)
  const until = Date.now() + PATIENCE_MS
  while (!settled && Date.now() < until) {
    current = next(current)
    ok(await write(store, current), `version ${current.version} should be written`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const { value, done } = await soon(heard, 'a version')
  ok(!done, 'the watch ended before its signal')
  ok(
    Number.isInteger(value) && value > 1 && value <= current.version,
    `heard of version ${value}, where 2 to ${current.version} were written${value === 1 ? ' and 1 was there before the watch began' : ''}`,
  )
  return { heard: value, written: current.version }
}

export const watchCases = [
  watchCase('WAT1', 'tells a watcher of what another handle writes', async ({ a, b }) => {
    const stop = new AbortController()
    await a.insert(job(1))
    await firstHeard(a, watch(b, idOf(1), stop.signal))
    stop.abort()
  }),
  watchCase('WAT2', 'tells a watcher of the last version in the end, and never of an older one after a newer one', async ({ a, b }) => {
    const stop = new AbortController()
    await a.insert(job(1))
    const watcher = watch(b, idOf(1), stop.signal)
    let { heard, written } = await firstHeard(a, watcher)
    const last = job(1, { version: written + 1, status: 'succeeded' })
    await a.replace(last)
    const until = Date.now() + PATIENCE_MS
    while (heard < last.version) {
      ok(Date.now() < until, `heard of version ${heard} again and again, where ${last.version} is the last`)
      const { value, done } = await soon(watcher.next(), `version ${last.version}`)
      ok(!done, 'the watch ended before its signal')
      ok(value >= heard && value <= last.version, `heard of version ${value} after ${heard}, where ${last.version} is the last`)
      heard = value
    }
    equal(heard, last.version, 'the last version')
    stop.abort()
  }),
  watchCase('WAT3', 'ends a watch with its signal, even one that has aborted already', async ({ a, b }) => {
    const stop = new AbortController()
    await a.insert(job(1))
    const watcher = watch(b, idOf(1), stop.signal)
    const pending = firstNews(watcher)
    stop.abort()
    equal((await soon(pending, 'the end')).done, true, 'done, after the signal')
    equal((await soon(watch(b, idOf(1), stop.signal).next(), 'the end')).done, true, 'done, where the signal had aborted before')
  }),
  watchCase(
    'WAT4',
    'tells a watcher of what another handle claims',
    async ({ a, b }) => {
      const stop = new AbortController()
      await a.insert(job(1))
      await firstHeard(a, watch(b, idOf(1), stop.signal), byClaim)
      stop.abort()
    },
    'claim',
  ),
  watchCase('WAT5', 'tells a watcher of the versions of its job only, not of other jobs', async ({ a, b }) => {
    const stop = new AbortController()
    let other = job(2, { version: 1_000_000 })
    await insertAll(a, [job(1), other])
    const byBoth = async (store: JobStore, after: Job) => {
      other = next(other)
      return (await byReplace(store, other)) && byReplace(store, after)
    }
    await firstHeard(a, watch(b, idOf(1), stop.signal), byBoth)
    stop.abort()
  }),
  watchCase('WAT6', 'answers other calls while many jobs are watched', async ({ a }) => {
    const stop = new AbortController()
    await insertAll(
      a,
      upTo(MANY).map((n) => job(n)),
    )
    const [first, ...others] = upTo(MANY).map((n) => watch(a, idOf(n), stop.signal)) as [AsyncIterator<number>, ...AsyncIterator<number>[]]
    const heard = Promise.allSettled(others.map((watcher) => watcher.next()))
    const meanwhile = `while ${MANY} jobs are watched (does each watch hold a connection?)`
    try {
      await soon(a.get(idOf(MANY), 'full'), `the answer of get ${meanwhile}`)
      await soon(firstHeard(a, first), `the answer of replace, or the news of it, ${meanwhile}`)
    } finally {
      stop.abort()
    }
    await soon(heard, 'the end of all watches')
  }),
]
