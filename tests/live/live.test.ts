import { once } from 'node:events'
import type { JobStore } from '@respond-async/core'
import { sqliteStore } from '@respond-async/store-sqlite'
import { EventSource } from 'eventsource'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { databaseFile } from '../database-file'
import { over, read, statusOf, streamOf } from './reader'
import { FRAMEWORKS, type Service, script, start } from './service'

const serve = async (...how: Parameters<typeof start>): Promise<Service> => {
  const service = await start(...how)
  onTestFinished(service.close)
  return service
}

for (const framework of Object.keys(FRAMEWORKS))
  describe(`a live result on ${framework}`, () => {
    it('is what there is and then the rest, for readers at different places, and is the result in the end', async () => {
      const { writing, write, end } = script()
      const { submit } = await serve(framework, writing, {}, { status: 203 })
      const at = await submit()
      const early = await fetch(`${at}/stream`)
      expect([early.status, (await early.json()).code, early.headers.get('retry-after')]).toEqual([404, 'result-not-ready', '1'])
      write('one ')
      const stream = await streamOf(at)
      const first = await read(stream, { 'accept-encoding': 'gzip' })
      expect(first.response.statusCode).toBe(203)
      expect(first.response.headers).toMatchObject({
        ...{ 'content-type': 'text/plain;charset=utf-8', 'x-by': 'handler', etag: '"attempt-1"', 'accept-ranges': 'bytes' },
        ...{ 'cache-control': 'private, no-store, no-transform', 'x-accel-buffering': 'no' },
      })
      expect(first.response.headers['content-length']).toBeUndefined()
      await first.has('one ')
      const { links } = await statusOf(at)
      expect([links.result, new URL(stream).pathname]).toEqual([undefined, `${new URL(at).pathname}/stream`])
      write('two ')
      await first.has('one two ')
      const second = await read(stream)
      await second.has('one two ')
      write('three')
      end()
      expect(await Promise.all([first.ended, second.ended])).toEqual(['whole', 'whole'])
      expect([first.text(), second.text()]).toEqual(['one two three', 'one two three'])
      expect((await over(at)).links).toEqual({ self: new URL(at).pathname, result: `${new URL(at).pathname}/result` })
      for (const url of [`${at}/result`, stream]) {
        const whole = await fetch(url)
        expect([whole.status, whole.headers.get('x-by'), await whole.text()]).toEqual([203, 'handler', 'one two three'])
      }
    })

    it('goes on where a reader was, in the middle of a character too, while it is written and when it is over', async () => {
      const { writing, write, end } = script()
      const { submit } = await serve(framework, writing)
      const at = await submit()
      write('häß')
      const stream = await streamOf(at)
      const tag = '"attempt-1"'
      const middle = await read(stream, { range: 'bytes=2-', 'if-range': tag })
      expect([middle.response.statusCode, middle.response.headers['content-range']]).toEqual([206, 'bytes 2-9007199254740991/*'])
      await vi.waitFor(() => expect(middle.bytes()).toEqual(Buffer.from('häß').subarray(2)))
      const ahead = await read(stream, { range: 'bytes=5-6' })
      const other = await read(stream, { range: 'bytes=2-', 'if-range': '"attempt-2"' })
      expect([ahead.response.statusCode, other.response.statusCode]).toEqual([206, 200])
      write('lich')
      expect([await ahead.ended, ahead.text()]).toEqual(['whole', 'li'])
      end()
      expect([await middle.ended, middle.bytes()]).toEqual(['whole', Buffer.from('häßlich').subarray(2)])
      expect([await other.ended, other.text()]).toEqual(['whole', 'häßlich'])
      await over(at)
      const late = await read(stream, { range: 'bytes=2-', 'if-range': tag })
      expect([late.response.statusCode, late.response.headers['content-range']]).toEqual([206, 'bytes 2-8/9'])
      expect([await late.ended, late.bytes()]).toEqual(['whole', Buffer.from('häßlich').subarray(2)])
      expect((await read(stream, { range: 'bytes=9-' })).response.statusCode).toBe(416)
    })

    it('breaks off when its handler fails, and when its job is canceled', async () => {
      const one = script()
      const failing = await serve(framework, one.writing)
      const at = await failing.submit()
      one.write('begun')
      const reader = await read(await streamOf(at))
      await reader.has('begun')
      one.fail()
      expect(await reader.ended).toBe('broken')
      expect(await over(at)).toMatchObject({ status: 'failed', error: { code: 'handler_failed' } })
      expect((await fetch(`${at}/stream`)).status).toBe(500)

      const other = script()
      const service = await serve(framework, other.writing)
      const canceled = await service.submit()
      other.write('begun')
      const watcher = await read(await streamOf(canceled))
      await watcher.has('begun')
      await fetch(canceled, { method: 'DELETE' })
      expect(await watcher.ended).toBe('broken')
      expect((await over(canceled)).status).toBe('canceled')
      expect((await fetch(`${canceled}/stream`)).status).toBe(409)
    })

    it('begins anew with another attempt, whose readers are others', async () => {
      const { writing, write, end, fail } = script()
      const { submit } = await serve(framework, writing, {}, { retries: 1, backoffMs: 1 })
      const at = await submit()
      write('first attempt, a long one')
      const before = await read(await streamOf(at))
      await before.has('first attempt, a long one')
      fail()
      write('second')
      expect(await before.ended).toBe('broken')
      await vi.waitFor(async () => expect((await statusOf(at)).attempt).toBe(2))
      const after = await read(await streamOf(at), { range: 'bytes=5-', 'if-range': '"attempt-1"' })
      expect([after.response.statusCode, after.response.headers.etag]).toEqual([200, '"attempt-2"'])
      await after.has('second')
      end()
      expect([await after.ended, after.text()]).toEqual(['whole', 'second'])
    })

    it('is read on another instance, byte for byte, over chunks and in small JSON', async () => {
      const path = await databaseFile()
      const { writing, write, end } = script()
      const one = await serve(framework, writing, { store: sqliteStore({ path }) }, { type: 'application/json' })
      const other = await serve(framework, writing, { store: sqliteStore({ path }) }, { type: 'application/json' })
      const at = await one.submit()
      write('{"rows":[')
      const stream = await streamOf(at, other.url)
      const readers = [await read(stream), await read(await streamOf(at))]
      for (const reader of readers) await reader.has('{"rows":[')
      write('1,2]}')
      end()
      for (const reader of readers) expect([await reader.ended, reader.text()]).toEqual(['whole', '{"rows":[1,2]}'])
      expect(await over(at)).toMatchObject({ status: 'succeeded', result: { rows: [1, 2] } })

      const large = await one.submit()
      const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7919) % 251))
      write(bytes.subarray(0, 100_000))
      const far = await read(await streamOf(large, other.url))
      await vi.waitFor(() => expect(far.bytes().length).toBe(100_000), { timeout: 10_000 })
      write(bytes.subarray(100_000))
      end()
      expect([await far.ended, Buffer.compare(far.bytes(), bytes)]).toEqual(['whole', 0])
      await over(large)
      const rest = await read(`${large}/stream`, { range: 'bytes=299990-' })
      expect([await rest.ended, rest.bytes()]).toEqual(['whole', bytes.subarray(299_990)])
    }, 30_000)

    it('is not read again for who has it all, so a store that fails then does no harm', async () => {
      const path = await databaseFile()
      const { writing, write, end } = script()
      const one = await serve(framework, writing, { store: sqliteStore({ path }) })
      const theirs = sqliteStore({ path })
      let wholes = 0
      const store: JobStore = {
        ...theirs,
        async get(id, view) {
          if (view === 'head') return theirs.get(id, view)
          wholes++
          throw new Error('away')
        },
      }
      const other = await serve(framework, writing, { store })
      const at = await one.submit()
      write('all of it')
      const stream = await streamOf(at, other.url)
      const reader = await read(stream)
      await reader.has('all of it')
      end()
      expect([await reader.ended, wholes]).toEqual(['whole', 0])
    })

    it('does not keep a process that has stopped, where another one writes it', async () => {
      const path = await databaseFile()
      const { writing, write, end } = script()
      const one = await serve(framework, writing, { store: sqliteStore({ path }) })
      const other = await serve(framework, writing, { store: sqliteStore({ path }) })
      const at = await one.submit()
      write('begun')
      const stream = await streamOf(at)
      await other.jobs.stop({ drainMs: 0 })
      const [late, early] = [await read(new URL(new URL(stream).pathname, other.url).href), await read(stream)]
      expect(await late.ended).toBe('broken')
      end()
      expect(await early.ended).toBe('whole')
    })

    it('of an event stream goes on after the event that was heard last, and lets an EventSource rest', async () => {
      const { writing, write, end } = script()
      const { submit } = await serve(framework, writing, {}, { type: 'text/event-stream' })
      const at = await submit()
      write('id: a\ndata: 1\n\nid: b\r\ndata: 2\r\n\r\n')
      const stream = await streamOf(at)
      const reader = await read(stream, { 'last-event-id': 'a' })
      await reader.has('id: b\r\ndata: 2\r\n\r\n')
      const heard: string[] = []
      const source = new EventSource(stream)
      onTestFinished(() => source.close())
      source.onmessage = ({ data }) => heard.push(data)
      write('id: c\ndata: 3\n\n: a comment, as proxies like them\n\n')
      end()
      const all = 'id: b\r\ndata: 2\r\n\r\nid: c\ndata: 3\n\n: a comment, as proxies like them\n\n'
      expect([await reader.ended, reader.text()]).toEqual(['whole', all])
      await vi.waitFor(() => expect(heard).toEqual(['1', '2', '3']))
      await over(at)
      const later = await fetch(stream, { headers: { 'last-event-id': 'b' } })
      expect([later.status, await later.text()]).toEqual([200, 'id: c\ndata: 3\n\n: a comment, as proxies like them\n\n'])
      const rest = await fetch(stream, { headers: { 'last-event-id': 'c' } })
      expect([rest.status, await rest.text()]).toEqual([204, ''])
      await vi.waitFor(() => expect(source.readyState).toBe(source.CLOSED), { timeout: 10_000 })
      expect(heard).toEqual(['1', '2', '3'])
    }, 20_000)

    it('answers HEAD, is not offered for a body that comes at once, and breaks off when the service stops', async () => {
      const { writing, write, end } = script()
      const { submit, jobs } = await serve(framework, writing)
      const at = await submit()
      write('at once')
      end()
      await over(at)
      const { version } = (await jobs.get(at.split('/').at(-1) ?? '')) as { version: number }
      expect(version).toBe(3) // inserted as running, and finished: no write between
      const next = await submit()
      write('begun')
      const stream = await streamOf(next)
      const head = await fetch(stream, { method: 'HEAD' })
      expect([head.status, head.headers.get('etag')]).toEqual([200, '"attempt-1"'])
      const leaving = await read(stream)
      await leaving.has('begun')
      leaving.response.destroy()
      const staying = await read(stream)
      await staying.has('begun')
      await jobs.stop({ drainMs: 0 })
      expect(await staying.ended).toBe('broken')
    })
  })

describe('a large result, live', () => {
  it('of 50 MB comes through byte for byte, and a slow reader makes nobody hold it', async () => {
    const path = await databaseFile()
    const piece = Buffer.alloc(1_048_576, 'a row of an export, ')
    const count = 50
    let begin = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const store = sqliteStore({ path })
    async function* writing() {
      yield piece.subarray(0, 10)
      await begun
      yield piece.subarray(10)
      for (let n = 1; n < count; n++) yield piece
    }
    const { submit } = await serve('Hono', writing, { store })
    const at = await submit()
    const stream = await streamOf(at)
    const slow = await read(stream)
    slow.response.pause()
    const fast = await read(stream)
    begin()
    expect(await fast.ended).toBe('whole')
    const whole = fast.bytes()
    expect(whole.length).toBe(count * piece.length)
    for (let n = 0; n < count; n++) expect(Buffer.compare(whole.subarray(n * piece.length, (n + 1) * piece.length), piece)).toBe(0)
    expect(slow.bytes().length).toBeLessThan(count * piece.length)
    slow.response.resume()
    await once(slow.response, 'end')
    expect(Buffer.compare(slow.bytes(), whole)).toBe(0)
  }, 60_000)
})
