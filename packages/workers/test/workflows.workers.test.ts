import { env, exports } from 'cloudflare:workers'
import type { Job, RunOutcome } from '@respond-async/core'
import { describe, expect, it, vi } from 'vitest'
import { cloudflareWorkflow, type FlowParams, type JobFlow, jobWorkflow } from '../src/workflows'
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

describe('an instance', () => {
  /** Calls the Workflow with steps that are only written down; the runs end like this, one after another. */
  const stepsOf = async (params: Partial<FlowParams>, ...outcomes: RunOutcome[]) => {
    const steps: unknown[] = []
    const step = {
      do: (name: string, options: unknown) => {
        steps.push([name, options])
        return outcomes.shift()
      },
      sleep: (...pause: unknown[]) => steps.push(pause),
    }
    const payload = { v: 1, id: 'a', operation: 'flow', dispatch: 1, ...params }
    const ended = await jobWorkflow(flowJobs).prototype.run({ payload }, step) // only the platform makes instances
    return { steps, ended }
  }
  const retries = { limit: 5, delay: 5_000, backoff: 'exponential' }

  it('gives each attempt a step with time for its run and its end, and sleeps between two', async () => {
    const again = { kind: 'retry', delayMs: 20_000 } as const
    const { steps, ended } = await stepsOf({ maxRunMs: 7_200_000 }, again, { ...again, delayMs: 0 }, { kind: 'done' })
    const options = { retries, timeout: 7_260_000 }
    expect(steps).toEqual([
      ['attempt 1', options],
      ['pause 1', 20_000],
      ['attempt 2', options],
      ['pause 2', 1],
      ['attempt 3', options],
    ])
    expect(ended).toEqual({ kind: 'done' })
  })

  it('gives 15 minutes to the runs of a route that names no time', async () => {
    expect((await stepsOf({}, { kind: 'done' })).steps).toEqual([['attempt 1', { retries, timeout: 960_000 }]])
  })
})

describe('the engine', () => {
  const message = { v: 1, id: 'a', operation: 'flow', dispatch: 3 } as const
  const fake = (status: string) => {
    const terminate = vi.fn(async () => {})
    const createBatch = vi.fn(async () => ({ errors: [] }))
    const get = vi.fn(async () => ({ status: async () => ({ status }), terminate }))
    return { createBatch, get, terminate }
  }

  it('sets no limit for a run, and tells the instance that of the route and when it may start', async () => {
    const workflow = fake('queued')
    const engine = cloudflareWorkflow({ workflow })
    expect(engine.capabilities).toEqual({ durable: true, remote: true, maxRunMs: null, delay: true, cancel: 'none' })
    const before = Date.now()
    await engine.dispatch(message, { delayMs: 60_000, maxRunMs: 7_200_000 })
    await engine.dispatch(message, { delayMs: 0 })
    const [later, now] = (workflow.createBatch.mock.calls as unknown as Parameters<JobFlow['createBatch']>[]).map(([batch]) => batch)
    expect(later).toEqual({ instances: [{ id: 'a-3', params: { ...message, maxRunMs: 7_200_000, notBefore: expect.any(Number) } }] })
    expect(later?.instances[0]?.params.notBefore).toBeGreaterThanOrEqual(before + 60_000)
    expect(now).toEqual({ instances: [{ id: 'a-3', params: message }] })
  })

  it.each([
    ['queued', 3],
    ['waiting', 3],
    ['paused', 3],
    ['running', 0],
    ['waitingForPause', 0],
    ['complete', 0],
  ])('terminates no instance in which a handler may run, and none that is over: %s', async (status, times) => {
    const workflow = fake(status)
    await cloudflareWorkflow({ workflow }).cancel?.('a', 3)
    expect(workflow.get.mock.calls).toEqual([['a-3'], ['a-2'], ['a-1']])
    expect(workflow.terminate).toHaveBeenCalledTimes(times)
  })

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
    expect(() => cloudflareWorkflow(env.WORKFLOW as never)).toThrow('cloudflareWorkflow({ workflow: env.WORKFLOW })')
    expect(() => cloudflareWorkflow({ flow: env.WORKFLOW } as never)).toThrow('cloudflareWorkflow({ workflow: env.WORKFLOW })')
    expect(() => cloudflareWorkflow({ workflow: env.WORKFLOW, retries: 5 } as never)).toThrow(
      'cloudflareWorkflow: retries is not an option',
    )
    expect(() => jobWorkflow(undefined as never)).toThrow('jobWorkflow needs the jobs that createJobs() returned')
  })
})
