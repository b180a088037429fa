import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from 'cloudflare:workers'
import type { JobMessage, Jobs } from '@respond-async/core'
import { platformOf } from '@respond-async/core/fetch'

/** What an instance is started with. */
export interface FlowParams extends JobMessage {
  /** Start no sooner than this, in epoch milliseconds. */
  readonly notBefore?: number
  /** How long one attempt of the job may take. @default 900_000 */
  readonly maxRunMs?: number
}

/** A step that threw could not reach the store, most likely. After the last try the job is overdue, and is handed over again. */
const RETRIES = { limit: 5, delay: 5_000, backoff: 'exponential' } as const
/** What a step gets beyond the job's own time, to write how it ended. */
const MARGIN_MS = 60_000

/**
 * The class of the Workflow that runs the jobs of `cloudflareWorkflow`; export it under the name that wrangler.jsonc has as
 * `class_name`. One step is one attempt; between two it sleeps.
 *
 * `jobs` are those of the module, or a function that makes them from `env` where that is done for each call.
 */
export function jobWorkflow<Env = unknown>(
  jobs: Jobs<never> | ((env: Env) => Jobs<never>),
): new (
  ctx: ExecutionContext,
  env: Env,
) => WorkflowEntrypoint<Env, FlowParams> {
  return class extends WorkflowEntrypoint<Env, FlowParams> {
    override async run({ payload }: Readonly<WorkflowEvent<FlowParams>>, step: WorkflowStep) {
      const { v, id, operation, dispatch, notBefore, maxRunMs = 900_000 } = payload
      // Not `sleepUntil`: it throws when that time has passed, as it has where the instance begins late, or is replayed.
      const earlyMs = (notBefore ?? 0) - Date.now()
      if (earlyMs > 0) await step.sleep('start', earlyMs)
      for (let attempt = 1; ; attempt++) {
        const outcome = await step.do(`attempt ${attempt}`, { retries: RETRIES, timeout: maxRunMs + MARGIN_MS }, () => {
          const own = typeof jobs === 'function' ? jobs(this.env) : jobs
          return own.run({ v, id, operation, dispatch }, { platform: platformOf(this.env, this.ctx) })
        })
        if (outcome.kind !== 'retry') return outcome
        await step.sleep(`pause ${attempt}`, Math.max(1, outcome.delayMs))
      }
    }
  }
}
