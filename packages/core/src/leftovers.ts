import { REQUEST, responseName } from './bodies'
import { type Context, reporter } from './context'
import type { Job } from './job'

/**
 * Removes the large bodies that nobody will read any more: the request's when the job is over and does not keep it, those of responses
 * that are not kept. What fails here is removed with the job.
 */
export function tidy(context: Context, job: Job, hasLarge: boolean): Promise<void> | undefined {
  const { blobs } = context
  const { id, attempt, request, response } = job
  if (!blobs || (!hasLarge && attempt === 1)) return undefined
  const kept = response?.chunkBytes === undefined ? undefined : responseName(attempt)
  const keepsRequest = request?.chunkBytes !== undefined
  // Both are kept: there is nothing else, because those of earlier attempts went when they were tried again.
  if (kept !== undefined && keepsRequest) return undefined
  return blobs.remove(id, keepsRequest ? REQUEST : kept).catch(reporter(context, 'tidy', job))
}
