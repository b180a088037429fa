import { once } from 'node:events'
import { Agent, createServer, get, request, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createJobs, type JobStore, memoryStore, type Representation } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import { jobSockets } from '@respond-async/express/websocket'
import { sqliteStore } from '@respond-async/store-sqlite'
import express from 'express'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { databaseFile } from '../database-file'
import { listen } from './listener'
import { FRAMEWORKS, type Service, start, type Work } from './service'

/** From version 26 on Node itself reads the body of a request that asks for an upgrade; the connection then ends with the answer. */
const READS_BODIES = Number.parseInt(process.versions.node, 10) >= 26

const serve = async (...how: Parameters<typeof start>): Promise<Service> => {
  const service = await start(...how)
  onTestFinished(service.close)
  return service
}

/** A handler that goes on when it is told to. */
function steps() {
  let go = () => {}
  const work: Work = async (job) => {
    for (const percent of [25, 50, 75]) {
      await new Promise<void>((resolve) => {
        go = resolve
      })
      await job.progress(percent)
    }
    return { made: true }
  }
  return { work, next: () => go() }
}

for (const framework of Object.keys(FRAMEWORKS))
  describe(`sockets on ${framework}`, () => {
    it('are sent the document at every change, and closed with 1000 after the last', async () => {
      const { work, next } = steps()
      const { submit } = await serve(framework, work)
      const url = await submit()
      const { heard, closed } = await listen(url)
      await vi.waitFor(() => expect(heard.at(-1)?.status).toBe('running'))
      for (const percent of [25, 50, 75]) {
        next()
        await vi.waitFor(() => expect(heard.at(-1)?.percentComplete).toBeGreaterThanOrEqual(percent))
      }
      expect(await closed).toBe(1000)
      expect(heard.slice(-4).map(({ percentComplete }) => percentComplete)).toEqual([25, 50, 75, 100])
      expect(heard.at(-1)).toMatchObject({ status: 'succeeded', result: { made: true } })

      const late = await listen(url)
      expect(await late.closed).toBe(1000)
      expect(late.heard.map(({ status }) => status)).toEqual(['succeeded'])
      // The same URL is a stream of events to who does not ask for more.
      expect((await fetch(url.replace('ws:', 'http:'))).headers.get('content-type')).toBe('text/event-stream')
    })

    it('are not opened for strangers, for unknown jobs, and for pages of other origins', async () => {
      const { work } = steps()
      const { submit } = await serve(framework, work, { cors: ['https://page.example'] })
      const headers = { 'x-owner': 'alice' }
      const url = await submit(headers)
      const { host } = new URL(url)
      await expect(listen(url, { headers: { 'x-owner': 'bob' } })).rejects.toThrow('refused: 404')
      await expect(listen(url)).rejects.toThrow('refused: 404')
      await expect(listen(url.replace(/jobs\/[^/]+/, 'jobs/unknown'), { headers })).rejects.toThrow('refused: 404')
      for (const origin of ['https://elsewhere.example', 'null', `http://${host}.elsewhere.example`, 'nonsense'])
        await expect(listen(url, { headers, origin })).rejects.toThrow('refused: 403')
      for (const origin of [`http://${host}`, 'https://page.example']) (await listen(url, { headers, origin })).socket.terminate()
    })

    it('to every page, cors "*", are opened at nameless jobs alone: cookies would come along', async () => {
      const { work } = steps()
      const { submit } = await serve(framework, work, { cors: '*' })
      const origin = 'https://elsewhere.example'
      ;(await listen(await submit(), { origin })).socket.terminate()
      const headers = { 'x-owner': 'alice' }
      await expect(listen(await submit(headers), { headers, origin })).rejects.toThrow('refused: 403')
    })

    it('ignore messages of the client, answer its pings, and are closed after a message that is too large', async () => {
      const { work } = steps()
      const { submit } = await serve(framework, work)
      const { socket, closed } = await listen(await submit())
      socket.send('hello')
      socket.ping()
      await once(socket, 'pong')
      socket.send('x'.repeat(5_000))
      expect(await closed).toBe(1009)
    })

    it('survive clients that ask for this protocol or another and whose connections break', async () => {
      const uncaught: unknown[] = []
      const hear = (error: unknown) => uncaught.push(error)
      process.on('uncaughtException', hear)
      onTestFinished(() => void process.off('uncaughtException', hear))
      const { work } = steps()
      const { submit } = await serve(framework, work)
      const { hostname, port, pathname } = new URL(await submit())
      for (const protocol of ['websocket', 'h2c'])
        for (const path of [pathname, '/jobs/unknown/events', '/plain']) {
          const client = connect(Number(port), hostname)
          client.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`)
          await new Promise((resolve) => setTimeout(resolve, 50)) // there is an answer to some of them alone
          client.resetAndDestroy()
        }
      expect((await fetch(`http://${hostname}:${port}/jobs/unknown`)).status).toBe(404)
      expect(uncaught).toEqual([])
    })

    it('are refused over HTTP where the application cannot show the job, as events are', async () => {
      const failed: unknown[] = []
      const representation: Representation = {
        status() {
          throw new Error('not to be shown')
        },
      }
      const { work } = steps()
      for (const handler of [work, async () => ({ made: true })]) {
        const { submit, jobs } = await serve(framework, handler, { representation, onError: (error) => failed.push(error) })
        const url = await submit()
        const [, id = ''] = /jobs\/([^/]+)/.exec(url) ?? []
        await vi.waitFor(async () => expect((await jobs.get(id))?.status).toBe(handler === work ? 'running' : 'succeeded'))
        await expect(listen(url)).rejects.toThrow('refused: 503')
        expect((await fetch(url.replace('ws:', 'http:'))).status).toBe(503)
      }
      expect(failed).toHaveLength(4)
    })

    it('end, as events do, when the application can no longer show the job', async () => {
      const failed: unknown[] = []
      const representation: Representation = {
        status({ percentComplete }) {
          if (percentComplete) throw new Error('not to be shown')
          return {}
        },
      }
      const { work, next } = steps()
      const { submit } = await serve(framework, work, { representation, onError: (error) => failed.push(error) })
      const url = await submit()
      const { heard, closed } = await listen(url)
      const events = await fetch(url.replace('ws:', 'http:'))
      await vi.waitFor(() => expect(heard).toHaveLength(1))
      next()
      expect(await closed).toBe(1012)
      expect(await events.text()).toMatch(/^retry: 2000\n\nid: \d+\nevent: running\ndata: .+\n\n$/)
      expect(failed).toHaveLength(2)
    })

    it('are closed with 1012 when the service stops, and no longer opened', async () => {
      const { work } = steps()
      const { submit, jobs } = await serve(framework, work)
      const url = await submit()
      const { closed } = await listen(url)
      await jobs.stop({ drainMs: 0 })
      expect([1000, 1012]).toContain(await closed)
      await expect(listen(url)).rejects.toThrow('refused: 503')
    })

    it('that are read slowly are sent the latest document, not all that they missed', async () => {
      let begin = () => {}
      const large = 'x'.repeat(900)
      const work: Work = async (job) => {
        await new Promise<void>((resolve) => {
          begin = resolve
        })
        for (let count = 1; count <= 10_000; count++) await job.progress(count / 100, `${count} ${large}`)
        return { made: true }
      }
      const { submit, jobs } = await serve(framework, work)
      const url = await submit()
      const { socket, heard, closed } = await listen(url)
      socket.pause()
      begin()
      const [, id = ''] = /jobs\/([^/]+)/.exec(url) ?? []
      await vi.waitFor(async () => expect((await jobs.get(id))?.status).toBe('succeeded'), { timeout: 20_000 })
      socket.resume()
      expect(await closed).toBe(1000)
      expect(heard.at(-1)?.status).toBe('succeeded')
      expect(heard.length).toBeLessThan(9_000)
    })
  })

describe('many sockets', () => {
  it('200 at one job cost one read at most, and leave nothing behind when they go', async () => {
    const alone = memoryStore()
    let reads = 0
    const store: JobStore = {
      ...alone,
      get(id, view) {
        reads++
        return alone.get(id, view)
      },
    }
    let begin = () => {}
    const work: Work = async (job) => {
      await new Promise<void>((resolve) => {
        begin = resolve
      })
      for (let percent = 1; percent <= 20; percent++) await job.progress(percent)
      return { made: true }
    }
    const { submit } = await serve('Hono on Node', work, { store })
    const url = await submit()
    const all = await Promise.all(Array.from({ length: 200 }, () => listen(url)))
    for (const { socket } of all.slice(0, 20)) socket.terminate()
    await vi.waitFor(() => expect(all.slice(20).every(({ heard }) => heard.length > 0)).toBe(true))
    const before = reads
    begin()
    for (const { heard, closed } of all.slice(20)) {
      expect(await closed).toBe(1000)
      const percentages = heard.map(({ percentComplete = 0 }) => percentComplete)
      expect(percentages).toEqual([...percentages].sort((a, b) => a - b))
      expect(heard.at(-1)?.status).toBe('succeeded')
    }
    expect(reads - before).toBeLessThanOrEqual(1)
  })
})

describe('a server of Express with sockets', () => {
  it('leaves the upgrades of others alone', async () => {
    const { work } = steps()
    const { submit, server } = await serve('Express 5', work)
    const chat = new WebSocketServer({ noServer: true })
    server.on('upgrade', (request, socket, head) => {
      if (request.url === '/chat') chat.handleUpgrade(request, socket, head, (open) => open.send('{"chat":true}'))
    })
    const url = await submit()
    const { socket, heard } = await listen(`ws://${new URL(url).host}/chat`)
    await vi.waitFor(() => expect(heard).toEqual([{ chat: true }]))
    socket.terminate()
    ;(await listen(url)).socket.terminate()
  })

  it('outlives another one that takes every upgrade', async () => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => told.mockRestore())
    const { work } = steps()
    const { submit, server } = await serve('Express 5', work)
    const greedy = new WebSocketServer({ server }).on('connection', (open) => open.send('{"chat":true}'))
    onTestFinished(() => greedy.close())
    const { socket, heard } = await listen(await submit())
    await vi.waitFor(() => expect(heard).toEqual([{ chat: true }]))
    await vi.waitFor(() => expect(told).toHaveBeenCalledOnce())
    socket.terminate()
  })

  it('answers who asks for another protocol as if nothing had been asked', async () => {
    const { work } = steps()
    const { submit } = await serve('Express 5', work)
    const { host } = new URL(await submit())
    const request = get(`http://${host}/plain`, { headers: { connection: 'Upgrade', upgrade: 'h2c' } })
    const [response] = await once(request, 'response')
    let text = ''
    for await (const piece of response.setEncoding('utf8')) text += piece
    expect([response.statusCode, text]).toEqual([200, 'plain'])
  })

  it('opens sockets and does nothing else: all other URLs of jobs are behind what guards them', async () => {
    const jobs = createJobs()
    const app = express()
    app.post(
      '/work',
      respondAsync(jobs, 'work', (_req, res) => void res.json({ made: true })),
    )
    app.use('/jobs', (_req, res) => void res.sendStatus(401), jobRoutes(jobs))
    const server = app.listen(0, '127.0.0.1').on('upgrade', jobSockets(jobs))
    await once(server, 'listening')
    onTestFinished(async () => {
      await jobs.stop({ drainMs: 0 })
      server.close()
    })
    const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { location } = Object.fromEntries((await fetch(`${host}/work`, { method: 'POST' })).headers)
    const [id = ''] = /[^/]+$/.exec(location ?? '') ?? []
    await vi.waitFor(async () => expect((await jobs.get(id))?.status).toBe('succeeded'))
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket' }
    for (const [method, path] of [
      ['GET', '/result'],
      ['GET', ''],
      ['GET', '/stream'],
      ['HEAD', '/events'],
      ['POST', '/cancel'],
      ['DELETE', ''],
    ]) {
      const [response] = await once(request(`${host}${location}${path}`, { method, headers: upgrade }).end(), 'response')
      expect([method, path, response.statusCode]).toEqual([method, path, 401])
    }
    expect((await jobs.get(id))?.goneAt).toBeUndefined()
  })

  it('passes on no request of which Node has dropped fields: its body would be read as the next one', async () => {
    const served: (string | undefined)[] = []
    const server = createServer((asked, response) => {
      served.push(asked.url)
      response.end()
    })
    const sockets = jobSockets(createJobs())
    server.on('upgrade', function (this: Server, asked, ...rest) {
      asked.rawHeaders = ['Host', 'a', ...Array(999).fill(['a', 'b']).flat()] // what Node 20 has of more than a thousand fields
      sockets.call(this, asked, ...rest)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const body = 'GET /within HTTP/1.1\r\nHost: a\r\n\r\n'
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    onTestFinished(() => void client.destroy())
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    const [answer] = await once(client, 'data')
    await once(client, 'close')
    expect([String(answer).slice(0, 12), served]).toEqual(READS_BODIES ? ['HTTP/1.1 200', ['/']] : ['HTTP/1.1 431', []])
  })

  it('takes their bodies, waits for those who read slowly, and keeps the connection: Java asks for HTTP/2 with every first request', async () => {
    const { work } = steps()
    const { submit } = await serve('Express 5', work)
    const { host } = new URL(await submit())
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' }
    const ports: (number | undefined)[] = []
    for (const text of ['x', 'x'.repeat(90_000)]) {
      const sent = request(`http://${host}/echo`, { agent, method: 'POST', headers: { ...headers, 'content-type': 'application/json' } })
      sent.end(JSON.stringify({ text }))
      const [response] = await once(sent, 'response')
      ports.push(response.socket.localPort)
      let body = ''
      for await (const piece of response.setEncoding('utf8')) body += piece
      expect(JSON.parse(body)).toEqual({ text })
    }
    const [response] = await once(get(`http://${host}/large`, { agent, headers }), 'response')
    ports.push(response.socket.localPort)
    let size = 0
    for await (const piece of response) size += piece.length
    expect(size).toBe(16_000_000)
    expect(new Set(ports).size).toBe(READS_BODIES ? 3 : 1) // the third one has no body
  })

  it('answers in order who asks for upgrades while the answer to an earlier request is due', async () => {
    const { work, next } = steps()
    const { submit, server } = await serve('Express 5', work)
    const { hostname, port, pathname } = new URL(await submit())
    const passedOn: object[] = []
    server.on('connection', ({ timeout = 0, destroyed }: Socket) => passedOn.push({ timeout, destroyed }))
    const client = connect(Number(port), hostname)
    onTestFinished(() => void client.destroy())
    let text = ''
    client.setEncoding('latin1').on('data', (piece) => {
      text += piece
    })
    const plain = 'GET /plain HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'
    const socket = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
    const poll = `GET ${pathname.replace('/events', '')} HTTP/1.1\r\nHost: a\r\nPrefer: wait=20\r\n\r\n`
    // One that leaves meanwhile: an error of its connection that nobody hears would end the process.
    const leaving = connect(Number(port), hostname)
    const asked = once(server, 'upgrade')
    leaving.write(`${poll}${plain}`)
    await asked
    leaving.resetAndDestroy()
    client.write(`${poll}${plain}${plain}`)
    client.write(`GET ${pathname} HTTP/1.1\r\nHost: a\r\n${socket}\r\n\r\n`)
    await vi.waitFor(() => {
      next()
      expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['202', '200', '200', '101'])
    })
    // Neither with the limit for idle connections nor after the client has gone, when Node would keep a parser for good.
    for (const connection of passedOn) expect(connection).toEqual({ timeout: 0, destroyed: false })
  })

  it('sends who asks for a WebSocket where there is none all of a large result', async () => {
    const text = 'x'.repeat(8_000_000)
    const { submit } = await serve('Express 5', async () => ({ text }), { store: sqliteStore({ path: await databaseFile() }) })
    const url = await submit()
    await (await listen(url)).closed
    const at = url.replace('ws:', 'http:').replace('/events', '/result')
    const [response] = await once(get(at, { headers: { connection: 'Upgrade', upgrade: 'websocket' } }), 'response')
    let size = 0
    for await (const piece of response) size += piece.length
    expect([response.statusCode, size]).toEqual([200, JSON.stringify({ text }).length])
  })
})
