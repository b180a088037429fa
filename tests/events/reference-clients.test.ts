import type { StatusDocument } from '@respond-async/core'
import { sqliteStore } from '@respond-async/store-sqlite'
import { EventSource } from 'eventsource'
import EventSource2 from 'eventsource-2'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { databaseFile } from '../database-file'
import { FRAMEWORKS, start, steadily } from './service'

const serve = async (...how: Parameters<typeof start>) => {
  const service = await start(...how)
  onTestFinished(service.close)
  return service
}

const NAMES = ['queued', 'running', 'progress', 'succeeded']
/** What the packages have in common. */
type Source = Pick<EventSource2, 'addEventListener' | 'readyState' | 'close'>
const CLIENTS: readonly [name: string, (url: string) => Source][] = [
  ['eventsource 2', (url) => new EventSource2(url)],
  ['eventsource 5', (url) => new EventSource(url)],
]

const idsOf = (events: readonly { readonly id?: string }[]) => events.map(({ id }) => Number(id))
const rising = (numbers: readonly number[]) => [...new Set(numbers)].sort((a, b) => a - b)

describe.each(Object.keys(FRAMEWORKS))('on %s', (framework) => {
  it('eventsource, unmodified, comes back to a server that was started again, and rests at the 204 of the end', async () => {
    const path = await databaseFile()
    const { work, begin, went } = steadily(10)
    // One process works, another is asked: the second is the one that is started again.
    const worker = await serve(framework, work, { store: sqliteStore({ path }) })
    const at = await worker.submit()
    const asked = await start(framework, work, { store: sqliteStore({ path }), sweepMs: 0 })
    const { port, pathname } = new URL(asked.url + new URL(at).pathname)
    const clients = CLIENTS.map(([name, open]) => {
      const heard: { id: string; name: string; document: StatusDocument }[] = []
      const source = open(`${asked.url}${pathname}/events`)
      onTestFinished(() => source.close())
      for (const one of NAMES)
        source.addEventListener(one, ({ data, lastEventId }) => heard.push({ id: lastEventId, name: one, document: JSON.parse(data) }))
      return { name, source, heard }
    })
    const percent = () => Math.min(...clients.map(({ heard }) => heard.at(-1)?.document.percentComplete ?? -1))
    begin()
    await vi.waitFor(() => expect(percent()).toBe(10), { timeout: 20_000 })
    const known = clients.map(({ heard }) => heard.at(-1)?.id)
    await asked.close()

    const again = await start(framework, work, { store: sqliteStore({ path }), sweepMs: 0 }, Number(port))
    onTestFinished(again.close)
    const streams: { sent: unknown; status: number }[] = []
    again.server.prependListener('request', (req, res) =>
      res.once('close', () => streams.push({ sent: req.headers['last-event-id'], status: res.statusCode })),
    )
    went(10)
    await vi.waitFor(() => expect(percent()).toBe(20), { timeout: 20_000 })
    went(100)
    await vi.waitFor(() => expect(clients.map(({ source }) => source.readyState)).toEqual([2, 2]), { timeout: 20_000 })
    for (const { heard } of clients) {
      expect(heard.at(-1)).toMatchObject({ name: 'succeeded', document: { status: 'succeeded', result: { made: true } } })
      expect(idsOf(heard)).toEqual(rising(idsOf(heard)))
    }
    // Both came back with what they knew, and once more with the end.
    const end = clients[0]?.heard.at(-1)?.id
    await vi.waitFor(() => expect(streams.length).toBe(4))
    expect(streams.filter(({ status }) => status === 200).map(({ sent }) => sent)).toEqual(known)
    expect(streams.filter(({ status }) => status === 204).map(({ sent }) => sent)).toEqual([end, end])
  })

  it('eventsource-parser, unmodified, reads the stream however it is cut', async () => {
    const { work, begin, went } = steadily(5)
    const service = await serve(framework, work)
    const at = await service.submit()
    const response = await fetch(`${at}/events`)
    const [one, two] = (response.body as ReadableStream<Uint8Array>).tee()
    const letters: EventSourceMessage[] = []
    const errors: unknown[] = []
    let retry: number | undefined
    const parser = createParser({
      onEvent: (event) => letters.push(event),
      onError: (error) => errors.push(error),
      onRetry: (ms) => {
        retry = ms
      },
    })
    const byLetter = (async () => {
      const decoder = new TextDecoder()
      for await (const piece of one) for (const byte of piece) parser.feed(decoder.decode(Uint8Array.of(byte), { stream: true }))
    })()
    const whole: EventSourceMessage[] = []
    begin()
    for await (const event of two
      .pipeThrough(new TextDecoderStream() as never)
      .pipeThrough(new EventSourceParserStream({ onError: 'terminate' }))) {
      whole.push(event)
      went(JSON.parse(event.data).percentComplete)
    }
    await byLetter
    expect([retry, errors]).toEqual([2_000, []])
    expect(letters).toEqual(whole)
    expect(whole.slice(-6).map(({ event }) => event)).toEqual([...Array(5).fill('progress'), 'succeeded'])
    expect(idsOf(whole)).toEqual(rising(idsOf(whole)))
  })
})
