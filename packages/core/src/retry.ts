import { REQUEST } from './bodies'
import type { Context } from './context'
import type { Platform } from './engine'
import { JobsError } from './errors'
import type { Job, StoredRequest } from './job'
import { isTerminal } from './lifecycle'
import { repaired } from './repair'
import { jobMade, newId, submit } from './submit'
import { newWebhook } from './webhook-target'

/** Makes a new job from the request of a failed or canceled one. @throws {JobsError} `not_retryable`, and the refusals of `submit` */
export async function retry(context: Context, id: string, platform?: Platform): Promise<Job> {
  const { store, operations } = context
  const refuse = (why: string) => new JobsError('not_retryable', `Job ${id} cannot be retried: ${why}.`)
  const seen = await repaired(context, id, platform)
  // Read again with its body; it may have gone meanwhile.
  const job = seen && (await store.get(id, 'full'))
  if (!job || job.goneAt !== undefined) throw refuse('it is unknown, purged or expired')
  if (!isTerminal(job.status) || job.status === 'succeeded') throw refuse(`it is ${job.status}`)
  const operation = operations.get(job.operation)
  if (!operation) throw refuse(`no handler is registered for operation "${job.operation}"`)
  const { owner, meta, request, requestBody = null } = job
  if (!request) throw refuse('its request was not stored, or not kept (keepRequests)')

  const webhook = job.webhook && newWebhook(job.webhook.url, job.webhook.events)
  const wanted = { owner, meta, webhook, request, requestBody, platform, delayMs: 0, retryOf: id }
  if (request.chunkBytes === undefined) return jobMade(await submit(context, operation, wanted))
  // The new job needs its own copy: the old job's bodies are removed with that.
  const copy = newId(context)
  try {
    if (!(await copyBody(context, id, copy, request))) throw refuse('its request body is gone')
    return jobMade(await submit(context, operation, { ...wanted, id: copy }))
  } catch (error) {
    await context.blobs?.remove(copy).catch((failed) => context.onError(failed, { during: 'tidy', id: copy }))
    throw error
  }
}

/** Copies a request body chunk by chunk. Resolves to whether all of it was there. */
async function copyBody({ blobs }: Context, from: string, to: string, { size = 0, chunkBytes = 0 }: StoredRequest): Promise<boolean> {
  for (let index = 0; index * chunkBytes < size; index++) {
    const chunk = await blobs?.read(from, REQUEST, index)
    if (chunk?.length !== Math.min(chunkBytes, size - index * chunkBytes)) return false
    await blobs?.write(to, REQUEST, index, chunk)
  }
  return true
}
