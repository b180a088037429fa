import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { createJobs, type JobHandle, type Jobs, type JobsOptions, type OperationOptions } from '@respond-async/core'
import * as onFetch from '@respond-async/core/fetch'
import * as onExpress from '@respond-async/express'
import * as onHono from '@respond-async/hono'
import compression from 'compression'
import express from 'express'
import { Hono } from 'hono'

/** What a handler writes: pieces, as they come. What it throws breaks its response off. */
export type Writing = (job: JobHandle) => AsyncIterable<Uint8Array>
export interface Head {
  readonly status: number
  readonly type: string
}
type Start = (jobs: Jobs, write: Writing, head: Head, options: OperationOptions) => Promise<Server>

const listening = async (server: Server) => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
const served = (fetch: (request: Request) => Response | Promise<Response>) =>
  new Promise<Server>((resolve) => {
    const server = serve({ fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(server as Server)) // node:http, as nothing else was asked for
  })

function streamed(writing: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const pieces = writing[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })
}

/** Each writes in the way of its framework. */
export const FRAMEWORKS: Record<string, Start> = {
  'Express, behind compression': (jobs, write, { status, type }, options) => {
    const app = express()
    app.use(compression())
    app.post(
      '/work',
      onExpress.respondAsync(jobs, { operation: 'work', ...options }, async (req, res) => {
        res.writeHead(status, { 'content-type': type, 'x-by': 'handler' })
        for await (const piece of write(req.job)) if (!res.write(piece)) await once(res, 'drain')
        res.end()
      }),
    )
    app.use('/jobs', onExpress.jobRoutes(jobs))
    return listening(createServer(app))
  },
  Hono: (jobs, write, { status, type }, options) => {
    const app = new Hono()
    app.post(
      '/work',
      onHono.respondAsync(jobs, { operation: 'work', ...options }, (c) => {
        c.status(status as 200)
        c.header('content-type', type)
        c.header('x-by', 'handler')
        return c.body(streamed(write(c.get('job'))))
      }),
    )
    app.route('/jobs', onHono.jobRoutes(jobs))
    return served(app.fetch)
  },
  'a fetch handler': (jobs, write, { status, type }, options) => {
    const head = { status, headers: { 'content-type': type, 'x-by': 'handler' } }
    const handler = (request: onFetch.RequestWithJob) => new Response(streamed(write(request.job)), head)
    const accept = onFetch.respondAsync(jobs, { operation: 'work', ...options }, handler)
    const toJobs = onFetch.jobRoutes(jobs)
    return served(async (request) => (await toJobs(request)) ?? accept(request))
  },
}

export interface Service {
  readonly url: string
  readonly jobs: Jobs
  /** Submits and gives the absolute URL of the status. */
  submit(): Promise<string>
  close(): Promise<void>
}

/** A service with one operation on a framework. */
export async function start(
  framework: string,
  write: Writing,
  options: JobsOptions = {},
  { status = 200, type = 'text/plain;charset=utf-8', ...operation }: Partial<Head> & OperationOptions = {},
): Promise<Service> {
  const jobs = createJobs({ onError() {}, ...options })
  const server = await (FRAMEWORKS[framework] as Start)(jobs, write, { status, type }, operation)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    ...{ url, jobs },
    async submit() {
      const answer = await fetch(`${url}/work`, { method: 'POST' })
      return `${url}${answer.headers.get('location')}`
    },
    async close() {
      await jobs.stop({ drainMs: 0 })
      server.closeAllConnections()
      server.close()
    },
  }
}

/** As short as it goes: a test need not wait long until a crash is noticed. */
export const FAST = { leaseMs: 1_000, sweepMs: 200 }

const encoder = new TextEncoder()

/** A handler that writes what it is told to, when it is told to. */
export function script() {
  const steps: (Uint8Array | Error | null)[] = []
  let wake = () => {}
  const tell = (step: Uint8Array | Error | null) => {
    steps.push(step)
    wake()
  }
  return {
    write: (text: string | Uint8Array) => tell(typeof text === 'string' ? encoder.encode(text) : text),
    end: () => tell(null),
    fail: () => tell(new Error('failed as planned')),
    async *writing(job: JobHandle) {
      job.signal.addEventListener('abort', () => wake())
      for (;;) {
        job.signal.throwIfAborted()
        const step = steps.shift()
        if (step === undefined)
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        else if (step === null) return
        else if (step instanceof Error) throw step
        else yield step
      }
    },
  }
}
