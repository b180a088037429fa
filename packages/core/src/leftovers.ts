import { REQUEST, responseName } from './bodies'
import { type Context, reporter } from './context'
import type { Job } from './job'
import { isTerminal } from './lifecycle'

/**
 * Removes the large bodies that nobody will read any more: the request's when the job is over and does not keep it, those of responses
 * that are not kept. What fails here is removed with the job.
 *
 * Between two attempts nothing is removed: the next one may be writing by then, in this process or another.
 */
export function tidy(context: Context, job: Job, hasLarge: boolean): Promise<void> | undefined {
  const { blobs } = context
  const { id, attempt, request, response, status } = job
  if (!blobs || !isTerminal(status) || (!hasLarge && attempt === 1)) return undefined
  const kept = response?.chunkBytes === undefined ? undefined : responseName(attempt)
  const keepsRequest = request?.chunkBytes !== undefined
  // Both are kept, and a place can be told of one: what earlier attempts have left goes with the job.
  if (kept !== undefined && keepsRequest) return undefined
  return blobs.remove(id, keepsRequest ? REQUEST : kept).catch(reporter(context, 'tidy', job))
}
