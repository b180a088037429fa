import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startWorkerd, type Workerd } from '../workerd'
import { listen } from './listener'

const objects = {
  ...{ jobs: 'JobsObject', redirect: 'RedirectObject', inline: 'InlineObject', pending: 'PendingObject', absolute: 'AbsoluteObject' },
  ...{ crowded: 'CrowdedObject', forgetful: 'ForgetfulObject', stopped: 'StoppedObject' },
}
const WORKERS = {
  'itty-router, memory store': ['audits-memory.ts', {}],
  'itty-router, Durable Object store': ['audits-objects.ts', { objects }],
  'Hono, memory store': ['audits-hono-memory.ts', {}],
  'Hono, Durable Object store': ['audits-hono-objects.ts', { objects }],
} as const

describe.each(Object.entries(WORKERS))('sockets in workerd: %s', (_, [file, options]) => {
  let workerd: Workerd
  beforeAll(async () => {
    workerd = await startWorkerd(new URL(`../workers/${file}`, import.meta.url), options)
  })
  afterAll(() => workerd.close())

  it('are sent the document at every change, closed with 1000 after the last, and opened for the owner and his pages alone', async () => {
    const headers = { 'x-audit-owner': 'alice' }
    const hold = crypto.randomUUID()
    const body = JSON.stringify({ progress: [[40]], hold })
    const accepted = await fetch(`${workerd.url}/audit/work`, { method: 'POST', headers, body })
    const url = `${workerd.url.replace('http', 'ws')}${accepted.headers.get('location')}/events`
    await expect(listen(url)).rejects.toThrow('refused: 404')
    await expect(listen(url, { headers, origin: 'https://elsewhere.example' })).rejects.toThrow('refused: 403')

    const leaving = await listen(url, { headers, origin: workerd.url })
    const { socket, heard, closed } = await listen(url, { headers })
    await vi.waitFor(() => expect(heard.at(-1)?.percentComplete).toBe(40))
    leaving.socket.close(1000)
    expect(await leaving.closed).toBe(1000)
    await fetch(`${workerd.url}/audit/release/${hold}`, { method: 'POST' })
    await vi.waitFor(() => expect(heard.at(-1)).toMatchObject({ status: 'succeeded', result: { ok: true } }))
    const late = await listen(url, { headers })
    await vi.waitFor(() => expect(late.heard.map(({ status }) => status)).toEqual(['succeeded']))
    // workerd ends the connection of a socket that a Durable Object has closed only 10 s later; of the others here it does at once.
    const isHeld = 'objects' in options
    if (!isHeld) expect([await closed, await late.closed]).toEqual([1000, 1000])
    socket.terminate()
    late.socket.terminate()
  })
})
