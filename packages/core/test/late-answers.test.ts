import { stat } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { blobsInTime } from '../src/in-time'
import {
  type BlobStore,
  inProcess,
  isEvents,
  isStream,
  type Job,
  type JobEngine,
  type JobMessage,
  type JobStore,
  JobsError,
} from '../src/index'
import { createService, gate, json, location, ok, sharedStore } from './service'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A queue that others consume: here the test itself, by `jobs.run`. */
function queue() {
  const messages: JobMessage[] = []
  const engine: JobEngine = {
    capabilities: { durable: true, remote: true, maxRunMs: null, delay: true, cancel: 'none' },
    async dispatch(message) {
      messages.push(message)
    },
  }
  return { engine, messages }
}

/** A shared store that writes at once, but answers the first write that `isSlow` only when it is let. */
function slowToAnswer(isSlow: (next: Job) => boolean) {
  const store = sharedStore()
  const answers = gate()
  const { replace } = store
  store.replace = async (next, events) => {
    const answer = await replace(next, events)
    if (isSlow(next)) {
      store.replace = replace
      await answers.opened
    }
    return answer
  }
  return { store, answer: answers.open }
}

describe('a change that this process hears of after the next one', () => {
  test('does not end the attempt that began in between', async () => {
    const { store, answer } = slowToAnswer(({ dispatch }) => dispatch === 2)
    const { engine, messages } = queue()
    const { wrap, post, send, jobs } = createService({ store, engine, startDeadlineMs: 1_000, sweepMs: 0 })
    const go = gate()
    wrap('report', {}, async () => {
      await go.opened
      return ok('made')
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(1_000)
    const swept = jobs.sweep() // which hands it over again
    await vi.advanceTimersByTimeAsync(10)
    const run = jobs.run(messages[0] as JobMessage)
    await vi.advanceTimersByTimeAsync(10)
    answer()
    await swept
    go.open()
    expect(await run).toEqual({ kind: 'done' })
    expect(json(await send('GET', at))).toMatchObject({ status: 'succeeded', result: 'made' })
  })

  test('does not break off the response that is read meanwhile', async () => {
    const { store, answer } = slowToAnswer(({ percentComplete }) => percentComplete === 10)
    const { heard, ready, go } = await readWhileWritten(store, 'here')
    answer()
    await vi.advanceTimersByTimeAsync(10)
    go()
    await vi.advanceTimersByTimeAsync(1_000)
    ready()
    await vi.advanceTimersByTimeAsync(10)
    expect(heard).toEqual(['whole', ', the rest', 'end'])
  })
})

test('an answer that came while this process stood still is read, and not given up', async () => {
  vi.useRealTimers()
  const store = sharedStore()
  const { insert } = store
  store.insert = async (...args) => {
    await new Promise((resolve) =>
      setImmediate(() => {
        resolve(stat(import.meta.filename)) // by another thread, as an answer comes from another process
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200) // a handler that computes
      }),
    )
    return insert(...args)
  }
  const { wrap, post } = createService({ store, storeTimeoutMs: 100 })
  wrap('report', {}, async () => ok('made'))
  expect((await post('report'))?.status).toBe(202)
})

/** A place for the large bodies of one job. */
function placeForOne() {
  const chunks = new Map<string, Uint8Array>()
  const blobs: BlobStore = {
    maxBodyBytes: null,
    async write(_id, name, index, chunk) {
      chunks.set(`${name}/${index}`, chunk.slice())
    },
    read: async (_id, name, index) => chunks.get(`${name}/${index}`) ?? null,
    async remove(_id, keep) {
      for (const key of chunks.keys()) if (!key.startsWith(`${keep}/`)) chunks.delete(key)
    },
  }
  return blobs
}

/** A response of which a client has read what there is, and takes nothing more for now; `go` writes the rest. */
async function readWhileWritten(store: JobStore, where: 'here' | 'there') {
  const blobs = placeForOne()
  const here = createService({ store, blobs, sweepMs: 0 })
  const reader = where === 'here' ? here : createService({ store, blobs, sweepMs: 0 })
  const go = gate()
  here.wrap('report', {}, async ({ handle, sink }) => {
    const head = { status: 200, headers: { 'content-type': 'text/plain' } }
    sink?.begin?.(
      () => head,
      () => [],
    )
    void handle.progress(10)
    await new Promise((resolve) => setTimeout(resolve, 300))
    await sink?.write(new TextEncoder().encode('whole'))
    await go.opened
    await sink?.write(new TextEncoder().encode(', the rest'))
    return { ...head, body: null }
  })
  const at = location(await here.post('report'))
  await vi.advanceTimersByTimeAsync(1_000)
  const { body } = (await reader.send('GET', `${at}/stream`)) ?? {}
  if (!body || !isEvents(body)) throw new Error('no stream')
  const heard: string[] = []
  const { ready } = body.open({
    write: (piece) => heard.push(new TextDecoder().decode(piece)) > 1,
    end: () => heard.push('end'),
    fail: (error) => heard.push(error.message),
  })
  await vi.advanceTimersByTimeAsync(1_000)
  return { heard, ready, go: go.open }
}

test("a response that cannot be read when it is whole breaks off for a slow client, and is nobody else's fault", async () => {
  const store = sharedStore()
  const { heard, ready, go } = await readWhileWritten(store, 'there')
  const { get } = store
  store.get = (id, view) => (view === 'full' ? Promise.reject(new Error('connection lost')) : get(id, view))
  const unhandled = vi.fn()
  process.on('unhandledRejection', unhandled)
  go()
  await vi.advanceTimersByTimeAsync(1_000)
  await new Promise((resolve) => process.nextTick(resolve))
  process.off('unhandledRejection', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
  ready()
  await vi.advanceTimersByTimeAsync(10)
  expect(heard).toEqual(['whole', 'The response broke off.'])
})

describe('a job that was made while its client waits', () => {
  test.each(['wait', 'result'])('is answered with 202 although the store fails at the %s', async (when) => {
    const store = sharedStore()
    const { get } = store
    store.get = (id, view) => ((view === 'full') === (when === 'result') ? Promise.reject(new Error('connection lost')) : get(id, view))
    const { wrap, post, send, errors } = createService({ store, sweepMs: 0 })
    wrap('report', {}, async () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: new Uint8Array(9) }))
    const answer = post('report', { headers: { prefer: 'wait=5' } })
    await vi.advanceTimersByTimeAsync(6_000)
    expect(await answer).toMatchObject({ status: 202 })
    expect(errors).toMatchObject([{ message: 'connection lost' }])
    store.get = get
    const at = location(await answer)
    await vi.waitFor(async () => expect(json(await send('GET', at))).toMatchObject({ status: 'succeeded' }))
  })
})

describe('a place for large bodies that does not answer', () => {
  const never = () => new Promise<never>(() => {})
  const large = new Uint8Array(300_000)

  test('is a 503 to the request whose body it does not take', async () => {
    const { wrap, accept } = createService({ blobs: { maxBodyBytes: null, write: never, read: never, remove: never }, sweepMs: 0 })
    wrap('import', {}, async () => ok('made'))
    const answer = accept('import', async (_limit, _isWanted, sink) => {
      await sink?.write(large)
      return null
    })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await answer).toMatchObject({ status: 503 })
  })

  test('holds no slot while it fails to remove a body', async () => {
    const blobs: BlobStore = { maxBodyBytes: null, async write() {}, read: async () => large, remove: never }
    const { wrap, post, send, errors } = createService({ blobs, engine: inProcess({ concurrency: 1 }), storeTimeoutMs: 100, sweepMs: 0 })
    wrap('fails', {}, async ({ sink }) => {
      await sink?.write(large)
      throw new Error('no')
    })
    wrap('report', {}, async () => ok('made'))
    await post('fails')
    const at = location(await post('report'))
    await vi.waitFor(() => expect(errors).toContainEqual(expect.objectContaining({ code: 'store_unavailable' })))
    await vi.waitFor(async () => expect(json(await send('GET', at))).toMatchObject({ status: 'succeeded' }))
  })
})

test('writes of one body follow each other, those that were given up too; another body waits for none of them', async () => {
  const gates = Array.from({ length: 4 }, () => gate())
  const begun: string[] = []
  const place = placeForOne()
  place.write = async (id, name, index) => {
    begun.push(`${id} ${name} ${index}`)
    await gates[index]?.opened
    if (index === 1) throw new Error('connection lost')
  }
  const blobs = blobsInTime(place, 100)
  const write = (index: number) => blobs.write('job', 'response-1', index, new Uint8Array(1))
  const late = expect(write(0)).rejects.toMatchObject({ code: 'store_unavailable' })
  const lost = expect(write(1)).rejects.toMatchObject({ code: 'store_unavailable' })
  await vi.advanceTimersByTimeAsync(100)
  await Promise.all([late, lost])
  const third = write(2)
  gates[0]?.open()
  await vi.advanceTimersByTimeAsync(10)
  const fourth = write(3)
  gates[3]?.open()
  await blobs.write('job', 'request', 3, new Uint8Array(1))
  expect(begun).toEqual(['job response-1 0', 'job response-1 1', 'job request 3'])
  gates[1]?.open()
  await vi.advanceTimersByTimeAsync(10)
  expect(begun.slice(3)).toEqual(['job response-1 2'])
  gates[2]?.open()
  await Promise.all([third, fourth])
  expect(begun.slice(4)).toEqual(['job response-1 3'])
})

test.each(['under way', 'given up'])('a chunk whose write is %s when its request breaks off is removed with the others', async (state) => {
  const place = placeForOne()
  const { write } = place
  const disk = gate()
  place.write = async (...args) => {
    await disk.opened
    await write(...args)
  }
  const { wrap, accept } = createService({ blobs: place, storeTimeoutMs: 100, sweepMs: 0 })
  wrap('import', {}, async () => ok('made'))
  const answer = accept('import', async (_limit, _isWanted, sink) => {
    const written = sink?.write(new Uint8Array(300_000))
    if (state === 'given up') await written
    void written?.catch(() => {})
    throw new JobsError('body_unreadable', 'The request body broke off.')
  })
  await vi.advanceTimersByTimeAsync(150)
  expect(await answer).toMatchObject({ status: state === 'given up' ? 503 : 400 })
  disk.open()
  await vi.advanceTimersByTimeAsync(10)
  expect(await place.read('', 'request', 0)).toBeNull()
})

test('a removal waits only for the writes of its own job', async () => {
  const place = placeForOne()
  place.write = () => new Promise(() => {})
  const removed = vi.spyOn(place, 'remove')
  const blobs = blobsInTime(place, 100)
  const write = expect(blobs.write('job', 'request', 0, new Uint8Array(1))).rejects.toMatchObject({ code: 'store_unavailable' })
  const mine = expect(blobs.remove('job')).rejects.toMatchObject({ code: 'store_unavailable' })
  await blobs.remove('another')
  await vi.advanceTimersByTimeAsync(100)
  await Promise.all([write, mine])
  expect(removed.mock.calls).toEqual([['another', undefined]])
})

test('what a failed attempt has left of a large response goes with the end of the job; for a small one nothing is removed', async () => {
  const blobs = placeForOne()
  const removed = vi.spyOn(blobs, 'remove')
  const { wrap, post, send } = createService({ store: sharedStore(), blobs, sweepMs: 0 })
  wrap('small', {}, async () => ok('made'))
  wrap('report', { retries: 1, backoffMs: 1 }, async ({ handle, sink }) => {
    if (handle.attempt === 2) return ok('made')
    await sink?.write(new Uint8Array(300_000))
    throw new Error('no')
  })
  const small = location(await post('small'))
  await vi.waitFor(async () => expect(json(await send('GET', small))).toMatchObject({ status: 'succeeded' }))
  expect(removed).not.toHaveBeenCalled()
  const at = location(await post('report'))
  await vi.waitFor(async () => expect(json(await send('GET', at))).toMatchObject({ status: 'succeeded' }))
  await vi.waitFor(async () => expect(await blobs.read('', 'response-1', 0)).toBeNull())
})

test('a large result is not removed with what an earlier attempt has left, however late that is', async () => {
  const blobs = placeForOne()
  const { remove } = blobs
  blobs.remove = async (...args) => {
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    await remove(...args)
  }
  const { wrap, post, send } = createService({ store: sharedStore(), blobs, storeTimeoutMs: 100, sweepMs: 0 })
  wrap('report', { retries: 1 }, async ({ handle, sink }) => {
    await sink?.write(new Uint8Array(300_000))
    if (handle.attempt === 1) throw new Error('no')
    return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: null }
  })
  const at = location(await post('report'))
  await vi.waitFor(async () => expect(json(await send('GET', at))).toMatchObject({ status: 'succeeded' }))
  await vi.advanceTimersByTimeAsync(10_000)
  const { body } = (await send('GET', `${at}/result`)) ?? {}
  if (!body || !isStream(body)) throw new Error('no stream')
  let size = 0
  for await (const piece of body) size += piece.length
  expect(size).toBe(300_000)
})

test('a part of a response that could not be read once is read again for the client that comes back', async () => {
  const blobs = placeForOne()
  const { wrap, post, send } = createService({ blobs, sweepMs: 0 })
  const go = gate()
  wrap('report', {}, async ({ sink }) => {
    const head = { status: 200, headers: { 'content-type': 'text/plain' } }
    sink?.begin?.(
      () => head,
      () => [],
    )
    await sink?.write(new Uint8Array(300_000)) // more than a chunk
    await go.opened
    return { ...head, body: null }
  })
  const at = location(await post('report'))
  await vi.advanceTimersByTimeAsync(1_000)
  const read = async (range: string) => {
    const { body } = (await send('GET', `${at}/stream`, { range })) ?? {}
    if (!body || !isEvents(body)) throw new Error('no stream')
    const heard: (number | string)[] = []
    body.open({
      write: (piece) => heard.push(piece.length) > 0,
      end: () => heard.push('end'),
      fail: (error) => heard.push(error.message),
    })
    await vi.advanceTimersByTimeAsync(1_000)
    return heard
  }
  expect(await read('bytes=299000-')).toEqual([1_000]) // and waits for more
  const { read: readBlob } = blobs
  blobs.read = () => Promise.reject(new Error('too many open files'))
  expect(await read('bytes=0-99')).toEqual(['The response broke off.'])
  blobs.read = readBlob
  expect(await read('bytes=0-99')).toEqual([100, 'end'])
  go.open()
})
