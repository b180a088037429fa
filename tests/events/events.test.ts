import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { type JobStore, memoryStore, type StatusDocument } from '@respond-async/core'
import { sqliteStore } from '@respond-async/store-sqlite'
import { EventSource } from 'eventsource'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { databaseFile } from '../database-file'
import { FRAMEWORKS, type Service, start, type Work } from './service'

const serve = async (...how: Parameters<typeof start>): Promise<Service> => {
  const service = await start(...how)
  onTestFinished(service.close)
  return service
}

interface Heard {
  readonly name: string
  readonly id: string
  readonly document: StatusDocument
}
/** What an EventSource hears, until it closes for good. */
function follow(url: string) {
  const heard: Heard[] = []
  const source = new EventSource(url)
  onTestFinished(() => source.close())
  for (const name of ['queued', 'running', 'progress', 'succeeded', 'failed', 'canceled'])
    source.addEventListener(name, ({ data, lastEventId }) => heard.push({ name, id: lastEventId, document: JSON.parse(data) }))
  const closed = vi.waitFor(() => expect(source.readyState).toBe(source.CLOSED), { timeout: 10_000 })
  return { heard, source, closed }
}
/** A handler that goes on when it is told to. */
function steps() {
  let go = () => {}
  const work: Work = async (job) => {
    for (const percent of [25, 50, 75]) {
      await new Promise<void>((resolve) => {
        go = resolve
      })
      await job.progress(percent, `at ${percent}\nof 100`)
    }
    return { made: true }
  }
  return { work, next: () => go() }
}
const raw = async (url: string, headers: Record<string, string> = {}, agent?: Agent): Promise<IncomingMessage> => {
  const request = get(url, { headers, agent })
  const [response] = await once(request, 'response')
  return response as IncomingMessage
}
const text = async (message: IncomingMessage) => {
  let all = ''
  for await (const piece of message.setEncoding('utf8')) all += piece
  return all
}

for (const framework of Object.keys(FRAMEWORKS))
  describe(`events on ${framework}`, () => {
    it('send an EventSource every change, and stop it after the last', async () => {
      const { work, next } = steps()
      const { submit } = await serve(framework, work)
      const at = await submit()
      const { heard, closed } = follow(`${at}/events`)
      await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0))
      for (const percent of [25, 50, 75]) {
        next()
        await vi.waitFor(() => expect(heard.at(-1)?.document.percentComplete).toBeGreaterThanOrEqual(percent))
      }
      await closed
      expect(heard.slice(-4).map(({ name }) => name)).toEqual(['progress', 'progress', 'progress', 'succeeded'])
      expect(['queued', 'running']).toContain(heard[0]?.name)
      expect(heard.at(-2)?.document.message).toBe('at 75\nof 100')
      expect(heard.at(-1)?.document).toMatchObject({ status: 'succeeded', percentComplete: 100, result: { made: true } })
      expect(heard.map(({ id }) => Number(id))).toEqual([...heard.map(({ id }) => Number(id))].sort((a, b) => a - b))
    })

    it('have the fields that keep proxies and caches out of the way; also on the status URL, where a client asks for them', async () => {
      const { work } = steps()
      const { submit } = await serve(framework, work)
      const at = await submit()
      const document = (await (await fetch(at)).json()) as StatusDocument
      expect(document.links.events).toBe(`${new URL(at).pathname}/events`)
      for (const response of [await raw(`${at}/events`, { 'accept-encoding': 'gzip' }), await raw(at, { accept: 'text/event-stream' })]) {
        expect(response.statusCode).toBe(200)
        expect(response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
        expect(response.headers['cache-control']).toContain('no-store')
        expect(response.headers['content-length']).toBeUndefined()
        expect(response.headers['content-encoding']).toBeUndefined()
        const [first] = await once(response.setEncoding('utf8'), 'data')
        expect(first).toMatch(/^retry: \d+\n\n/)
        response.destroy()
      }
      const head = await fetch(`${at}/events`, { method: 'HEAD' })
      expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    })

    it('resume: nothing twice, and 204 to whoever knows the end', async () => {
      const { work, next } = steps()
      const { submit } = await serve(framework, work)
      const at = await submit()
      const { heard } = follow(`${at}/events`)
      await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0))
      const known = await raw(`${at}/events`, { 'last-event-id': heard.at(-1)?.id ?? '' })
      const rest = text(known)
      for (const percent of [25, 50, 75]) {
        next()
        await vi.waitFor(() => expect(heard.at(-1)?.document.percentComplete).toBeGreaterThanOrEqual(percent))
      }
      expect((await rest).match(/^event: \w+$/gm)).toEqual(['event: progress', 'event: progress', 'event: progress', 'event: succeeded'])
      const over = await raw(`${at}/events`, { 'last-event-id': heard.at(-1)?.id ?? '' })
      expect([over.statusCode, await text(over)]).toEqual([204, ''])
      expect(await text(await raw(`${at}/events`, { 'last-event-id': 'nonsense' }))).toMatch(/event: succeeded\ndata: \{/)
    })

    it('end when the client goes away, when the service stops, and are not there for strangers', async () => {
      const { work } = steps()
      let subscriptions = 0
      const store: JobStore = memoryStore()
      const { submit, jobs, url } = await serve(framework, work, { store })
      const at = await submit()
      const leaving = await raw(`${at}/events`)
      await once(leaving, 'data')
      leaving.destroy()
      const staying = await raw(`${at}/events`)
      const all = text(staying)
      subscriptions++
      await jobs.stop({ drainMs: 0 })
      expect(await all).toMatch(/event: failed|event: running|event: queued/)
      expect(subscriptions).toBe(1)
      expect((await fetch(`${url}/jobs/unknown/events`)).status).toBe(404)
      expect((await fetch(`${at}/events`, { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD')
    })

    it('do not keep a server that has stopped: who comes again on the same connection is told to come later, elsewhere', async () => {
      const path = await databaseFile()
      const { work, next } = steps()
      const one = await serve(framework, work, { store: sqliteStore({ path }) })
      const at = await one.submit()
      const leaving = await start(framework, work, { store: sqliteStore({ path }) })
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      onTestFinished(() => agent.destroy())
      const url = `${leaving.url}${new URL(at).pathname}/events`
      const first = await raw(url, {}, agent)
      const [connection] = [first.socket]
      const ended = text(first)
      await leaving.jobs.stop({ drainMs: 0 })
      await ended
      const again = await raw(url, {}, agent)
      expect(again.socket).toBe(connection)
      expect(await text(again)).toMatch(/^retry: 10000\n\nid: \d+\nevent: running\n/)
      await new Promise((resolve) => {
        leaving.server.close(resolve)
        agent.destroy()
      })
      for (let times = 0; times < 3; times++) next()
    })
  })

describe('many who watch', () => {
  it.each(Object.keys(FRAMEWORKS))('a slow reader is sent the latest document, not all that it missed: %s', async (framework) => {
    const [begin, work] = (() => {
      let go = () => {}
      const waiting = new Promise<void>((resolve) => {
        go = resolve
      })
      const large = 'x'.repeat(900)
      const one: Work = async (job) => {
        await waiting
        for (let percent = 1; percent <= 3_000; percent++) await job.progress(percent / 30, `${percent} ${large}`)
        return { made: true }
      }
      return [() => go(), one] as const
    })()
    const { submit, jobs } = await serve(framework, work)
    const at = await submit()
    const slow = await raw(`${at}/events`)
    slow.pause()
    begin()
    const id = at.split('/').at(-1) ?? ''
    await vi.waitFor(async () => expect((await jobs.get(id))?.status).toBe('succeeded'), { timeout: 20_000 })
    const heard = await text(slow)
    expect(heard).toMatch(/event: succeeded/)
    expect(heard.match(/^event: /gm)?.length).toBeLessThan(3_000)
  })

  it('hear of what another process writes, through a store that they share', async () => {
    const path = await databaseFile()
    const { work, next } = steps()
    const one = await serve('Hono', work, { store: sqliteStore({ path }) })
    const other = await serve('Express, behind compression', work, { store: sqliteStore({ path }) })
    const at = await one.submit()
    const { heard, closed } = follow(`${other.url}${new URL(at).pathname}/events`)
    for (const percent of [25, 50, 75]) {
      await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0))
      next()
      await vi.waitFor(() => expect(heard.at(-1)?.document.percentComplete).toBeGreaterThanOrEqual(percent))
    }
    await closed
    expect(heard.at(-1)?.document).toMatchObject({ status: 'succeeded', result: { made: true } })
  })
})
