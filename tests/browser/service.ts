import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import { createJobs, type JobHandle, type JobsOptions } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { type Context, Hono } from 'hono'

export type Work = (job: JobHandle, c: Context) => Promise<Response>

/** A server with one slow handler, on a real socket. @param port that of an earlier one, to take its place */
export async function startService(work: Work, options: JobsOptions<Context> = {}, port = 0) {
  const jobs = createJobs<Context>({ onError() {}, ...options })
  const app = new Hono()
  app.post(
    '/reports',
    respondAsync(jobs, { operation: 'report', retries: 1, backoffMs: 1 }, (c) => work(c.get('job'), c)),
  )
  app.route('/jobs', jobRoutes(jobs))
  app.get('/report.txt', (c) => c.text('the report'))
  app.get('/favicon.ico', (c) => c.body(null, 204)) // which browsers ask for beside a result
  const server = await new Promise<ServerType>((resolve) => {
    const listening = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => resolve(listening))
  })
  const address = server.address() as AddressInfo // a TCP server that listens has one
  const url = `http://127.0.0.1:${address.port}`
  await jobs.start()
  return {
    url,
    jobs,
    port: address.port,
    /** Makes a job; its status URL. */
    async submit(): Promise<string> {
      const response = await fetch(`${url}/reports`, { method: 'POST' })
      return url + response.headers.get('location')
    },
    async close() {
      await jobs.stop({ drainMs: 0 })
      if ('closeAllConnections' in server) server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A handler that goes a step further whenever it is told to, and ends with `answer`. */
export function steps(messages: readonly string[], answer: (c: Context) => Response = (c) => c.json({ rows: 4711 }, 201)) {
  let allowed = 0
  let wake = () => {}
  const work: Work = async (job, c) => {
    for (const [at, message] of messages.entries()) {
      while (allowed <= at)
        await new Promise<void>((resolve, reject) => {
          wake = resolve
          job.signal.addEventListener('abort', () => reject(job.signal.reason))
        })
      await job.progress((100 * (at + 1)) / (messages.length + 1), message)
    }
    while (allowed <= messages.length)
      await new Promise<void>((resolve, reject) => {
        wake = resolve
        job.signal.addEventListener('abort', () => reject(job.signal.reason))
      })
    return answer(c)
  }
  return {
    work,
    next() {
      allowed++
      wake()
    },
  }
}
