import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Readable } from 'node:stream'
import { type ServerType, serve, upgradeWebSocket } from '@hono/node-server'
import { createJobs, type JobHandle, type Jobs, type JobsOptions } from '@respond-async/core'
import * as onExpress from '@respond-async/express'
import { jobSockets } from '@respond-async/express/websocket'
import * as onHono from '@respond-async/hono'
import express5 from 'express'
import express4 from 'express4'
import { type Context, Hono } from 'hono'
import { WebSocketServer } from 'ws'

export type Work = (job: JobHandle) => Promise<unknown>
interface Served {
  readonly jobs: Jobs<never>
  readonly server: Server
}
type Start = (work: Work, options: JobsOptions) => Promise<Served>

const OWNER = 'x-owner'
const ownerOf = ({ headers }: IncomingMessage) => headers[OWNER]?.toString()

const onExpressOf =
  (express: typeof express5): Start =>
  async (work, options) => {
    const jobs = createJobs<express5.Request>({ ...options, owner: (req) => req.get(OWNER) })
    const app = express()
    app.post(
      '/work',
      onExpress.respondAsync(jobs, 'work', async (req, res) => void res.json(await work(req.job))),
    )
    app.use('/jobs', onExpress.jobRoutes(jobs))
    app.get('/plain', (_req, res) => void res.send('plain'))
    app.post('/echo', express.json(), (req, res) => void res.json(req.body))
    app.get('/large', (_req, res) => void Readable.from(Array(64).fill(Buffer.alloc(250_000))).pipe(res))
    const server = createServer(app).on('upgrade', jobSockets(jobs, { owner: ownerOf }))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { jobs, server }
  }

export const FRAMEWORKS: Record<string, Start> = {
  'Express 5': onExpressOf(express5),
  'Express 4': onExpressOf(express4),
  async 'Hono on Node'(work, options) {
    const jobs = createJobs<Context>({ ...options, owner: (c) => c.req.header(OWNER) })
    const app = new Hono()
    app.post(
      '/work',
      onHono.respondAsync(jobs, 'work', async (c) => c.json((await work(c.get('job'))) as object)),
    )
    app.route('/jobs', onHono.jobRoutes(jobs, { upgradeWebSocket }))
    const websocket = { server: new WebSocketServer({ noServer: true }) }
    const server = await new Promise<ServerType>((resolve) => {
      const made = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1', websocket }, () => resolve(made))
    })
    server.on('connection', (socket: Socket) => socket.on('error', () => {})) // as its README says
    return { jobs, server: server as Server } // node:http, as nothing else was asked for
  },
}

export interface Service extends Served {
  /** `ws://…` of the job's events. */
  submit(headers?: Record<string, string>): Promise<string>
  close(): Promise<void>
}

/** A service with one operation on a framework. */
export async function start(framework: string, work: Work, options: JobsOptions = {}): Promise<Service> {
  const served = await (FRAMEWORKS[framework] as Start)(work, options)
  const { jobs, server } = served
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    ...served,
    async submit(headers = {}) {
      const answer = await fetch(`http://${host}/work`, { method: 'POST', headers })
      return `ws://${host}${answer.headers.get('location')}/events`
    },
    async close() {
      await jobs.stop({ drainMs: 0 })
      server.closeAllConnections()
      server.close()
    },
  }
}
