import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from 'cloudflare:workers'
import type { JobMessage } from '@respond-async/core'
import { platformOf } from '@respond-async/core/fetch'
import { type GivenJobs, jobsFrom } from './given-jobs'

/** Parameters of an instance. */
export interface FlowParams extends JobMessage {
  /** When the job may start, in epoch milliseconds. */
  readonly notBefore?: number
  /** Time limit of one attempt, in milliseconds. @default 900_000 */
  readonly maxRunMs?: number
}

/** Retries of a step that threw, most likely because the store was unavailable. After the last one a sweep dispatches the job again. */
const RETRIES = { limit: 5, delay: 5_000, backoff: 'exponential' } as const
/** Time of a step beyond `maxRunMs`, to write the end of the attempt, in milliseconds. */
const MARGIN_MS = 60_000

/**
 * Makes the class of the Workflow that runs the jobs of `cloudflareWorkflow`; export it under its `class_name` in wrangler.jsonc. Each
 * attempt is a step; between attempts it sleeps.
 *
 * @param jobs the jobs of the module, or a function that makes them from `env`, if that is done for each call
 * @throws {JobsError} `invalid_option`
 */
export function jobWorkflow<Env = unknown>(
  jobs: GivenJobs<Env>,
): new (
  ctx: ExecutionContext,
  env: Env,
) => WorkflowEntrypoint<Env, FlowParams> {
  const jobsFor = jobsFrom('jobWorkflow', jobs)
  return class extends WorkflowEntrypoint<Env, FlowParams> {
    override async run({ payload }: Readonly<WorkflowEvent<FlowParams>>, step: WorkflowStep) {
      const { v, id, operation, dispatch, notBefore, maxRunMs = 900_000 } = payload
      // Not `sleepUntil`: it throws if the time has passed, as when the instance starts late or is replayed.
      const earlyMs = (notBefore ?? 0) - Date.now()
      if (earlyMs > 0) await step.sleep('start', earlyMs)
      for (let attempt = 1; ; attempt++) {
        const outcome = await step.do(`attempt ${attempt}`, { retries: RETRIES, timeout: maxRunMs + MARGIN_MS }, () =>
          jobsFor(this.env).run({ v, id, operation, dispatch }, { platform: platformOf(this.env, this.ctx) }),
        )
        if (outcome.kind !== 'retry') return outcome
        await step.sleep(`pause ${attempt}`, Math.max(1, outcome.delayMs))
      }
    }
  }
}
