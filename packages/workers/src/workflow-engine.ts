import { type JobEngine, JobsError } from '@respond-async/core'
import type { FlowParams } from './workflow-entrypoint'

/** The binding of a Workflow, `env.WORKFLOW`, as far as it is used here. */
export interface JobFlow {
  createBatch(options: { instances: { id: string; params: FlowParams }[] }): Promise<{ errors: { code: number; message: string }[] }>
  get(id: string): Promise<{ status(): Promise<{ status: string }>; terminate(): Promise<void> }>
}

export interface CloudflareWorkflowOptions {
  /** The binding of the Workflow, `env.WORKFLOW`, as `workflows` of wrangler.jsonc names it. Its class is that of `jobWorkflow`. */
  workflow: JobFlow
}

/** What an instance is in while no handler runs in it. */
const IDLE = ['queued', 'waiting', 'paused']
/** There is an instance with this id: the message has been handed over before. */
const ALREADY_EXISTS = 10405

/**
 * Runs each job in an instance of a Cloudflare Workflow, as its only step, for as long as it takes: `maxRunMs` has no limit here. It
 * is given the job's id alone; the request is rebuilt from the store.
 *
 * A canceled job that waits is forgotten; one that runs hears of it with its next heartbeat, a third of `leaseMs` at most.
 *
 * @throws {JobsError} `invalid_option`
 */
export function cloudflareWorkflow({ workflow }: CloudflareWorkflowOptions): JobEngine {
  if (typeof workflow?.createBatch !== 'function')
    throw new JobsError(
      'invalid_option',
      'cloudflareWorkflow: give it the binding of a Workflow, cloudflareWorkflow({ workflow: env.WORKFLOW }), as workflows of wrangler.jsonc names it.',
    )
  return {
    capabilities: { durable: true, remote: true, maxRunMs: null, delay: true, cancel: 'none' },
    async dispatch({ v, id, operation, dispatch }, { delayMs, maxRunMs }) {
      const notBefore = delayMs > 0 ? Date.now() + delayMs : undefined
      const instance = { id: nameOf(id, dispatch), params: { v, id, operation, dispatch, notBefore, maxRunMs } }
      const { errors } = await workflow.createBatch({ instances: [instance] })
      const failed = errors.find(({ code }) => code !== ALREADY_EXISTS)
      if (failed) throw new Error(`The Workflow made no instance ${instance.id}: ${failed.code} ${failed.message}`)
    },
    async cancel(id, last) {
      for (let dispatch = last; dispatch > 0; dispatch--) {
        const instance = await workflow.get(nameOf(id, dispatch)).catch(() => undefined) // there is none: its hand-over failed
        const { status = '' } = (await instance?.status()) ?? {}
        if (IDLE.includes(status)) await instance?.terminate()
      }
    },
  }
}

const nameOf = (id: string, dispatch: number) => `${id}-${dispatch}`
