/** What the Workers of the crash tests have in common. */
import { env } from 'cloudflare:workers'
import type { JobHandle, JobsOptions } from '@respond-async/core'
import type { WithJob } from '@respond-async/workers'
import type { Done, Line, Work } from '../crash/task'

/** As tests/crash/pairs.ts binds it. */
export interface Env {
  readonly JOBS_OBJECT: DurableObjectNamespace
  readonly DB: D1Database
  readonly QUEUE: Queue
  readonly WORKFLOW: Workflow
  readonly LEDGER_URL: string
  readonly PID: string
  readonly JOBS: string
}
export const own = env as unknown as Env
const pid = Number(own.PID)

export const onError = (error: unknown) => {
  const body = error instanceof Error ? error.stack : String(error)
  fetch(`${own.LEDGER_URL}/errors`, { method: 'POST', body: `${pid} ${body}` }).catch(() => {})
}

export const options: JobsOptions<Request> = { ...JSON.parse(own.JOBS), onError }

/** Reports to the test, over HTTP: here are no files. Work that cannot report is not done. */
async function note({ id, attempt }: JobHandle, key: string, event: Line['event']): Promise<void> {
  const line: Omit<Line, 'at'> = { event, id, key, attempt, pid }
  const answer = await fetch(`${own.LEDGER_URL}/lines`, { method: 'POST', body: JSON.stringify(line) })
  if (!answer.ok) throw new Error(`The ledger answered ${answer.status}.`)
}

/** The handler. */
export async function work(request: WithJob): Promise<Response> {
  const { job } = request
  const { key, ms = 0, steps = 1 } = await request.json<Work>()
  await note(job, key, 'start')
  for (let step = 1; step <= steps; step++) {
    await scheduler.wait(ms / steps)
    if (step < steps) await job.progress((100 * step) / steps)
  }
  await note(job, key, 'end')
  return Response.json({ key, attempt: job.attempt, pid } satisfies Done)
}
