import { type JobEngine, JobsError } from '@respond-async/core'
import { checkNoOthers } from '@respond-async/core/store'
import type { FlowParams } from './workflow-entrypoint'

/** The part of a Workflow binding, `env.WORKFLOW`, that the engine uses. */
export interface JobFlow {
  createBatch(options: { instances: { id: string; params: FlowParams }[] }): Promise<{ errors: { code: number; message: string }[] }>
  get(id: string): Promise<{ status(): Promise<{ status: string }>; terminate(): Promise<void> }>
}

/** Options of {@link cloudflareWorkflow}. */
export interface CloudflareWorkflowOptions {
  /** The binding of the Workflow, `env.WORKFLOW`: a `binding` of `workflows` in wrangler.jsonc. Its class is made by `jobWorkflow`. */
  workflow: JobFlow
}

/** States of an instance in which no handler runs. */
const IDLE = ['queued', 'waiting', 'paused']
/** Error code for an instance that exists already: the message has been dispatched before. */
const ALREADY_EXISTS = 10405

/**
 * Runs each job in an instance of a Cloudflare Workflow, an attempt per step, without a limit for `maxRunMs`. Instances are given only
 * the job's id; the request is rebuilt from the store.
 *
 * A cancel terminates an instance that waits, and reaches a running handler with its next heartbeat, after at most a third of `leaseMs`.
 *
 * @throws {JobsError} `invalid_option`
 */
export function cloudflareWorkflow({ workflow, ...others }: CloudflareWorkflowOptions): JobEngine {
  if (typeof workflow?.createBatch !== 'function')
    throw new JobsError(
      'invalid_option',
      'cloudflareWorkflow needs the binding of a Workflow, cloudflareWorkflow({ workflow: env.WORKFLOW }), named in workflows of wrangler.jsonc.',
    )
  checkNoOthers('cloudflareWorkflow', others)
  return {
    capabilities: { durable: true, remote: true, maxRunMs: null, delay: true, cancel: 'none' },
    async dispatch({ v, id, operation, dispatch }, { delayMs, maxRunMs }) {
      const notBefore = delayMs > 0 ? Date.now() + delayMs : undefined
      const instance = { id: nameOf(id, dispatch), params: { v, id, operation, dispatch, notBefore, maxRunMs } }
      const { errors } = await workflow.createBatch({ instances: [instance] })
      const failed = errors.find(({ code }) => code !== ALREADY_EXISTS)
      if (failed) throw new Error(`The Workflow could not create instance ${instance.id}: ${failed.code} ${failed.message}`)
    },
    async cancel(id, last) {
      for (let dispatch = last; dispatch > 0; dispatch--) {
        const instance = await workflow.get(nameOf(id, dispatch)).catch(() => undefined) // does not exist: its dispatch failed
        const { status = '' } = (await instance?.status()) ?? {}
        if (IDLE.includes(status)) await instance?.terminate()
      }
    },
  }
}

const nameOf = (id: string, dispatch: number) => `${id}-${dispatch}`
