import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { createJobs, type JobHandle, type Jobs, type JobsOptions } from '@respond-async/core'
import * as onFetch from '@respond-async/core/fetch'
import * as onExpress from '@respond-async/express'
import * as onHono from '@respond-async/hono'
import compression from 'compression'
import express from 'express'
import { Hono } from 'hono'

export type Work = (job: JobHandle) => Promise<unknown>
type Start = (jobs: Jobs, work: Work) => Promise<Server>

const listening = async (server: Server) => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
const served = (fetch: (request: Request) => Response | Promise<Response>) =>
  new Promise<Server>((resolve) => {
    const server = serve({ fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(server as Server)) // node:http, as nothing else was asked for
  })

export const FRAMEWORKS: Record<string, Start> = {
  'Express, behind compression': (jobs, work) => {
    const app = express()
    app.use(compression())
    app.post(
      '/work',
      onExpress.respondAsync(jobs, 'work', async (req, res) => void res.json(await work(req.job))),
    )
    app.use('/jobs', onExpress.jobRoutes(jobs))
    return listening(createServer(app))
  },
  Hono: (jobs, work) => {
    const app = new Hono()
    app.post(
      '/work',
      onHono.respondAsync(jobs, 'work', async (c) => c.json((await work(c.get('job'))) as object)),
    )
    app.route('/jobs', onHono.jobRoutes(jobs))
    return served(app.fetch)
  },
  'a fetch handler': (jobs, work) => {
    const accept = onFetch.respondAsync(jobs, 'work', async (request) => Response.json(await work(request.job)))
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
export async function start(framework: string, work: Work, options: JobsOptions = {}): Promise<Service> {
  const jobs = createJobs(options)
  const server = await (FRAMEWORKS[framework] as Start)(jobs, work)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    jobs,
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
