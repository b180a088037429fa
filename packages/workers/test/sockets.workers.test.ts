import { evictDurableObject } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import type { Job, StatusDocument } from '@respond-async/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { durableObjectStore } from '../src/durable-object'
import { jobName } from '../src/object-protocol'
import { jobs, open } from './worker'

const ask = (path: string, init?: RequestInit) => exports.default.fetch(new Request(`https://example.com${path}`, init))
const submit = async (operation: string, plan: object, owner: string) => {
  const response = await ask(`/${operation}`, { method: 'POST', headers: { 'x-owner': owner }, body: JSON.stringify(plan) })
  return (await response.json()) as StatusDocument
}
const objectFor = ({ id }: StatusDocument) => env.JOBS.get(env.JOBS.idFromName(jobName(id)))
const upgrade = (job: StatusDocument, headers: Record<string, string>) =>
  ask(`${job.links.self}/events`, { headers: { upgrade: 'websocket', ...headers } })

/** A socket at the events of a job, and what it hears. */
async function listen(job: StatusDocument, owner: string) {
  const { status, webSocket } = await upgrade(job, { 'x-owner': owner })
  expect(status).toBe(101)
  const socket = webSocket as WebSocket
  const heard: StatusDocument[] = []
  socket.addEventListener('message', ({ data }) => void heard.push(JSON.parse(String(data))))
  const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)))
  socket.accept()
  return { socket, heard, closed }
}

afterEach(() => open.clear())

describe('sockets of a Durable Object', () => {
  it('are told of every change, over an eviction, and closed with 1000 after the last', async () => {
    const job = await submit('long', { gate: 'evicted' }, 'olga')
    const one = await listen(job, 'olga')
    const other = await listen(job, 'olga')
    await vi.waitFor(() => expect(one.heard[0]?.id).toBe(job.id))
    await evictDurableObject(objectFor(job))
    // Nothing of it is in memory any more: the job is canceled by a write alone, and it is the platform that has the sockets.
    await jobs.cancel(job.id, 'enough')
    await vi.waitFor(async () => expect((await jobs.get(job.id))?.cancelRequestedAt ?? (await jobs.get(job.id))?.finishedAt).toBeDefined())
    open.add('evicted')
    for (const { heard, closed } of [one, other]) {
      expect(await closed).toBe(1000)
      expect(heard.at(-1)).toMatchObject({ status: 'canceled', links: { self: job.links.self } })
    }
  })

  it('are sent one document of a job that is over', async () => {
    const job = await submit('short', {}, 'olga')
    await vi.waitFor(async () => expect((await jobs.get(job.id))?.status).toBe('succeeded'))
    const { heard, closed } = await listen(job, 'olga')
    expect(await closed).toBe(1000)
    expect(heard.map(({ status }) => status)).toEqual(['succeeded'])
  })

  it('hear of what clients can see, not of each write, and are closed with 1012 when the job is gone', async () => {
    const store = durableObjectStore(env.JOBS)
    const job = await submit('later', {}, 'olga')
    const stored = (await store.get(job.id, 'head')) as Job
    const { heard, closed } = await listen(job, 'olga')
    await store.replace({ ...stored, version: 2 })
    await store.replace({ ...stored, version: 3, revision: 2 })
    await vi.waitFor(() => expect(heard.length).toBe(2))
    await store.replace({ ...stored, version: 4, revision: 3, goneAt: Date.now() })
    expect(await closed).toBe(1012)
    expect(heard.length).toBe(2)
  })

  it('are closed with 1012 when the job is removed', async () => {
    const job = await submit('later', {}, 'olga')
    const { closed } = await listen(job, 'olga')
    await durableObjectStore(env.JOBS).remove(job.id)
    expect(await closed).toBe(1012)
  })

  it('that cannot be told of a change do not fail it', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    const store = durableObjectStore(env.LAZY)
    const job: Job = {
      ...{ id: crypto.randomUUID(), version: 1, revision: 1, operation: 'lazy', owner: null, status: 'queued', createdAt: 1, updatedAt: 1 },
      ...{ dueAt: null, attempt: 0, maxAttempts: 1, dispatch: 1, request: null, response: null },
    }
    await store.insert(job)
    const answer = await store.connect?.(job.id, '/jobs/lazy')
    const { webSocket } = answer as Response
    webSocket?.accept()
    open.add('unprepared')
    expect(await store.replace({ ...job, version: 2, revision: 2 })).toEqual({ replaced: true })
    expect(said).toHaveBeenCalledWith('respond-async: sockets:', expect.objectContaining({ message: 'not prepared' }))
    said.mockRestore()
    await store.remove(job.id)
  })

  it('are opened by an answer that middleware can still write on', async () => {
    const { id, links } = await submit('later', {}, 'olga')
    const answer = await durableObjectStore(env.JOBS).connect?.(id, links.self)
    const { status, headers, webSocket } = answer as Response
    headers.set('x-request-id', '7')
    const first = new Promise((resolve) => webSocket?.addEventListener('message', ({ data }) => resolve(JSON.parse(`${data}`).id)))
    webSocket?.accept()
    expect([status, await first]).toEqual([101, id])
    await jobs.cancel(id)
  })

  it('are not opened at a job that was purged after it was looked at', async () => {
    const job = await submit('short', {}, 'olga')
    await vi.waitFor(async () => expect((await jobs.get(job.id))?.status).toBe('succeeded'), { timeout: 10_000 })
    await jobs.purge(job.id)
    await expect(durableObjectStore(env.JOBS).connect?.(job.id, job.links.self)).rejects.toMatchObject({ code: 'store_unavailable' })
  })

  it('are for the owner alone, and for pages of this host', async () => {
    const job = await submit('later', {}, 'olga')
    expect((await upgrade(job, { 'x-owner': 'otto' })).status).toBe(404)
    expect((await upgrade(job, { 'x-owner': 'olga', origin: 'https://elsewhere.example', host: 'example.com' })).status).toBe(403)
    const { socket, closed } = await listen(job, 'olga')
    socket.send('hello')
    socket.send('x'.repeat(5_000))
    expect(await closed).toBe(1009)
    await jobs.cancel(job.id)
  })

  it('are not opened by a request that does not come from the store', async () => {
    const job = await submit('later', {}, 'olga')
    const response = await objectFor(job).fetch('https://job/', { headers: { upgrade: 'websocket' } })
    expect([response.status, response.webSocket]).toEqual([404, null])
    await jobs.cancel(job.id)
  })
})
