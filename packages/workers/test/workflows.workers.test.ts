import { env, exports } from 'cloudflare:workers'
import type { Job } from '@respond-async/core'
import { describe, expect, it, vi } from 'vitest'
import { cloudflareWorkflow, type JobFlow } from '../src/workflows'
import { flowGates, flowJobs, flowStore } from './workflow-jobs'

const until = (id: string, state: string) =>
  vi.waitUntil(
    async () => {
      const job = await flowJobs.get(id)
      return job?.status === state && job
    },
    { timeout: 20_000, interval: 10 },
  )
const ask = (path: string, init?: RequestInit) => exports.default.fetch(new Request(`https://example.com${path}`, init))
/** The state of an instance. */
const stateOf = async (id: string, dispatch = 1) => (await (await env.WORKFLOW.get(`${id}-${dispatch}`)).status()).status
const untilState = (id: string, state: string, dispatch?: number) =>
  vi.waitUntil(async () => (await stateOf(id, dispatch)) === state, { timeout: 20_000, interval: 10 })

describe('a job that is handed over to a Workflow', () => {
  it('runs in an instance of its own, on the stored request, with its env and ctx', async () => {
    const { id } = await flowJobs.submit('flow', {})
    const { result } = await until(id, 'succeeded')
    expect(JSON.parse(result ?? '')).toEqual({ attempt: 1, has: [true, 'function'] })
    await untilState(id, 'complete')
  })

  it('is tried again by the same instance', async () => {
    const { id } = await flowJobs.submit('flow', { failures: 2 })
    const job = await until(id, 'succeeded')
    expect([job.attempt, job.dispatch]).toEqual([3, 1])
  })

  it('starts no sooner than asked for', async () => {
    const before = Date.now()
    const { id } = await flowJobs.submit('flow', {}, { delayMs: 1_000 })
    const job = await until(id, 'succeeded')
    expect(job.startedAt ?? 0).toBeGreaterThanOrEqual(before + 1_000)
  })

  it('runs at once where its time has come before its instance begins', async () => {
    const { id } = await flowJobs.submit('flow', {}, { delayMs: 3_600_000 })
    const params = { v: 1, id, operation: 'flow', dispatch: 1, notBefore: Date.now() - 1 }
    await env.WORKFLOW.createBatch([{ id: `${id}-late`, params }])
    expect((await until(id, 'succeeded')).attempt).toBe(1)
    await (await env.WORKFLOW.get(`${id}-1`)).terminate()
  })

  it('is run once where it is handed over twice', async () => {
    const engine = cloudflareWorkflow({ workflow: env.WORKFLOW })
    const { id } = await flowJobs.submit('flow', { gate: 'twice' })
    const message = { v: 1, id, operation: 'flow', dispatch: 1 } as const
    await until(id, 'running')
    await Promise.all([engine.dispatch(message, { delayMs: 0 }), engine.dispatch(message, { delayMs: 0 })])
    flowGates.add('twice')
    expect((await until(id, 'succeeded')).attempt).toBe(1)
  })

  it('hears of a cancellation with its next heartbeat while it runs', async () => {
    const { id } = await flowJobs.submit('flow', { gate: 'never' })
    await until(id, 'running')
    await flowJobs.cancel(id)
    await until(id, 'canceled')
    await untilState(id, 'complete')
  })

  it('is forgotten by the Workflow where it is canceled before', async () => {
    const { id } = await flowJobs.submit('flow', {}, { delayMs: 3_600_000 })
    // The local Workflow calls an instance that sleeps running, and one that runs, too; here it is one of which that is sure.
    await (await env.WORKFLOW.get(`${id}-1`)).pause()
    await untilState(id, 'paused')
    expect((await flowJobs.cancel(id))?.status).toBe('canceled')
    await untilState(id, 'terminated')
  })

  it('is forgotten where that is asked for over HTTP', async () => {
    const { id } = (await (await ask('/flows', { method: 'POST', body: '{}' })).json()) as Job
    await (await env.WORKFLOW.get(`${id}-1`)).pause()
    await untilState(id, 'paused')
    const canceled = await ask(`/flows/${id}`, { method: 'DELETE' })
    expect([canceled.status, await canceled.json()]).toMatchObject([200, { status: 'canceled' }])
    await untilState(id, 'terminated')
  })

  it.each([1, 2])('is forgotten where of two hand-overs only number %i made an instance', async (made) => {
    const { id } = await flowJobs.submit('flow', {}, { delayMs: 3_600_000 })
    const job = (await flowStore.get(id)) as Job
    const other = crypto.randomUUID()
    await flowStore.insert({ ...job, id: other, dispatch: 2 })
    const params = { v: 1, id: other, operation: 'flow', dispatch: made, notBefore: Date.now() + 3_600_000 }
    await env.WORKFLOW.createBatch({ instances: [{ id: `${other}-${made}`, params }] })
    await (await env.WORKFLOW.get(`${other}-${made}`)).pause()
    await untilState(other, 'paused', made)
    await flowJobs.cancel(other)
    await untilState(other, 'terminated', made)
    await (await env.WORKFLOW.get(`${id}-1`)).terminate()
  })

  it('is handed over again by a sweep where it was lost', async () => {
    const { id } = await flowJobs.submit('flow', {}, { delayMs: 3_600_000 })
    const job = (await flowStore.get(id, 'head')) as Job
    await flowStore.replace({ ...job, version: 2, dueAt: Date.now() - 1 })
    await flowJobs.sweep()
    expect((await until(id, 'succeeded')).dispatch).toBe(2)
    await (await env.WORKFLOW.get(`${id}-1`)).terminate()
  })
})

describe('the engine', () => {
  it('throws where the Workflow takes no instance', async () => {
    const errors = [{ code: 10_001, message: 'workflows.api.error.internal_server' }]
    const workflow: JobFlow = { createBatch: async () => ({ errors }), get: (id) => env.WORKFLOW.get(id) }
    const dispatched = cloudflareWorkflow({ workflow }).dispatch({ v: 1, id: 'a', operation: 'flow', dispatch: 1 }, { delayMs: 0 })
    await expect(dispatched).rejects.toThrow(/could not create instance a-1: 10001/)
    await expect(
      cloudflareWorkflow({ workflow: env.WORKFLOW }).dispatch({ v: 1, id: 'not.taken', operation: 'flow', dispatch: 1 }, { delayMs: 0 }),
    ).rejects.toThrow(/invalid/)
  })

  it('says what to do when the binding is missing', () => {
    expect(() => cloudflareWorkflow({ workflow: undefined as never })).toThrow(/wrangler\.jsonc/)
    expect(() => cloudflareWorkflow({ workflow: env.WORKFLOW, retries: 5 } as never)).toThrow(
      'cloudflareWorkflow: retries is not an option',
    )
  })
})
