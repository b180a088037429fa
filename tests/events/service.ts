import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { createJobs, type JobHandle, type Jobs, type JobsOptions } from '@respond-async/core'
import * as onFetch from '@respond-async/core/fetch'
import * as onExpress from '@respond-async/express'
import * as onHono from '@respond-async/hono'
import compression from 'compression'
import express from 'express'
import { Hono } from 'hono'

export type Work = (job: JobHandle) => Promise<unknown>
/** What answers on a framework; `serve` and node:http make a server of it. */
type Start = (jobs: Jobs, work: Work) => Server

const served = (fetch: (request: Request) => Response | Promise<Response>) => createAdaptorServer({ fetch }) as Server // node:http, as nothing else was asked for

export const FRAMEWORKS: Record<string, Start> = {
  'Express, behind compression': (jobs, work) => {
    const app = express()
    app.use(compression())
    app.post(
      '/work',
      onExpress.respondAsync(jobs, 'work', async (req, res) => void res.json(await work(req.job))),
    )
    app.use('/jobs', onExpress.jobRoutes(jobs))
    return createServer(app)
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
  readonly server: Server
  /** Submits and gives the absolute URL of the status. */
  submit(): Promise<string>
  close(): Promise<void>
}

/** A service with one operation on a framework. */
export async function start(framework: string, work: Work, options: JobsOptions = {}, port = 0): Promise<Service> {
  const jobs = createJobs(options)
  const server = (FRAMEWORKS[framework] as Start)(jobs, work)
  await once(server.listen(port, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    ...{ url, jobs, server },
    async submit() {
      const answer = await fetch(`${url}/work`, { method: 'POST' })
      return `${url}${answer.headers.get('location')}`
    },
    async close() {
      await jobs.stop({ drainMs: 0 })
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Work that reports so many steps, each when `went` has been told that somebody heard of the one before. */
export function steadily(steps: number) {
  let begin = () => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  let wake = () => {}
  let heard = 0
  const work: Work = async (job) => {
    await begun
    for (let step = 1; step <= steps; step++) {
      await job.progress((100 * step) / steps)
      while (heard < (100 * step) / steps)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
    return { made: true }
  }
  const went = (percentComplete = 0) => {
    heard = Math.max(heard, percentComplete)
    wake()
  }
  return { work, begin: () => begin(), went }
}
