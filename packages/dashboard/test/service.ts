import { once } from 'node:events'
import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import express, { type Request } from 'express'
import { type Context, Hono } from 'hono'
import { afterEach } from 'vitest'
import { type Access, dashboard, type OperatedJobs } from '../src'
import { dashboard as expressDashboard } from '../src/express'
import { dashboard as honoDashboard } from '../src/hono'

type Options = Omit<Parameters<typeof dashboard>[1], 'access' | 'path'>

/** The three ways to mount it, each with a check that reads a field of the native request. */
const MOUNTED = {
  express(jobs: OperatedJobs, check: (user: string | undefined) => Access, options: Options) {
    const app = express()
    app.use('/admin/jobs', expressDashboard(jobs, { ...options, access: (req: Request) => check(req.get('x-user')) }))
    app.use((_req, res) => res.status(404).send('the application'))
    return createServer(app)
  },
  hono(jobs: OperatedJobs, check: (user: string | undefined) => Access, options: Options) {
    const app = new Hono().route('/admin/jobs', honoDashboard(jobs, { ...options, access: (c: Context) => check(c.req.header('x-user')) }))
    app.notFound((c) => c.text('the application', 404))
    return createServer(getRequestListener(app.fetch))
  },
  fetch(jobs: OperatedJobs, check: (user: string | undefined) => Access, options: Options) {
    const access = async (request: globalThis.Request) => check(request.headers.get('x-user') ?? undefined)
    const handle = dashboard(jobs, { ...options, path: '/admin/jobs', access })
    return createServer(getRequestListener(async (request) => (await handle(request)) ?? new Response('the application', { status: 404 })))
  },
} as const
export type Kind = keyof typeof MOUNTED
export const KINDS = Object.keys(MOUNTED) as Kind[]

const servers = new Set<Server>()
afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  servers.clear()
})

export interface Reply {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into what it got
  readonly json: any
}

/** Starts a server and gives a way to ask it, with any field that there is: browsers have some that `fetch` refuses to send. */
export async function serve(
  kind: Kind,
  jobs: OperatedJobs,
  check: (user: string | undefined) => Access = () => true,
  options: Options = {},
) {
  const server = MOUNTED[kind](jobs, check, options).listen(0, '127.0.0.1')
  servers.add(server)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return (method: string, path: string, headers: Record<string, string> = {}): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const sent = httpRequest({ host: '127.0.0.1', port, method, path: `/admin/jobs${path}`, headers }, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (piece: string) => {
          text += piece
        })
        answer.on('end', () => {
          const isJson = answer.headers['content-type']?.startsWith('application/json')
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json: isJson && text ? JSON.parse(text) : undefined })
        })
      })
      sent.on('error', reject).end()
    })
}

/** What the page sends with every request for its API. */
export const PAGE = { 'x-respond-async-dashboard': '1' }
