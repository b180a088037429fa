import { REQUEST, responseName } from './bodies'
import { type Context, reporter } from './context'
import type { Job } from './job'
import { isTerminal } from './lifecycle'

/**
 * Removes large bodies that nobody will read any more, once the job is over: of the request if it is not kept, and of responses that
 * are not. What cannot be removed now is removed with the job.
 *
 * Nothing is removed between two attempts: the next one may be writing already, here or in another process.
 */
export function tidy(context: Context, job: Job, hasLarge: boolean): Promise<void> | undefined {
  const { blobs } = context
  const { id, attempt, request, response, status } = job
  if (!blobs || !isTerminal(status) || (!hasLarge && attempt === 1)) return undefined
  const kept = response?.chunkBytes === undefined ? undefined : responseName(attempt)
  const keepsRequest = request?.chunkBytes !== undefined
  // If both are kept: a blob store can keep only one, so leftovers of earlier attempts are removed with the job.
  if (kept !== undefined && keepsRequest) return undefined
  return blobs.remove(id, keepsRequest ? REQUEST : kept).catch(reporter(context, 'tidy', job))
}
