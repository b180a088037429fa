import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inProcess, type JobEngine } from '@respond-async/core'
import express5, { type Express } from 'express'
import express4 from 'express4'
import { onTestFinished } from 'vitest'

export const VERSIONS: Record<string, typeof express5> = { 'Express 5': express5, 'Express 4': express4 }

/** Takes only the message, as an engine of other processes does: the handler's request has to be rebuilt. */
export const replaying = (): JobEngine => inProcess({ replay: true })

/** Both ways of running a job, and the engine of each. */
export const WAYS: Record<string, () => JobEngine> = { inline: () => inProcess(), replay: replaying }

export interface StatusDocument {
  readonly status: string
  readonly links: { readonly self: string }
  readonly error?: { readonly code: string; readonly status: number; readonly message: string }
}

/** Serves an application until the test is over. */
export async function serve(app: Express) {
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const call = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...init })
  /** The status document, once the job is over. */
  const finished = async (location: string): Promise<StatusDocument> => {
    for (;;) {
      const document: StatusDocument = await (await call(location, { headers: { prefer: 'wait=5' } })).json()
      if (document.status !== 'queued' && document.status !== 'running') return document
    }
  }
  return {
    port,
    call,
    finished,
    /** Submits, follows the job to its end, and gets its result. */
    async whole(path: string, init: RequestInit = {}) {
      const accepted = await call(path, { method: 'POST', ...init })
      if (accepted.status !== 202) throw new Error(`${path} answered ${accepted.status}: ${await accepted.text()}`)
      const location = accepted.headers.get('location') ?? ''
      const status = await finished(location)
      return { accepted, location, status, result: await call(`${location}/result`, init.headers ? { headers: init.headers } : {}) }
    },
  }
}

export const json = (body: object): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
