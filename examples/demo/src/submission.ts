/** The upload, and the 202 that answers it. */
import { DemoError } from './demo-error.ts'
import { exchange, showRequest, showResponse, statusOf } from './exchange.ts'
import type { Sample } from './sample.ts'
import { size } from './screen.ts'
import { type JobDocument, readDocument } from './status.ts'

export interface Accepted {
  /** The status URL. */
  readonly location: string
  readonly retryAfterMs: number
  readonly acceptMs: number
  readonly job: JobDocument
}

export async function submit(base: string, { blob, name }: Sample, signal: AbortSignal): Promise<Accepted> {
  const form = new FormData()
  form.append('file', blob, name)
  showRequest('POST', '/reports', `multipart/form-data with ${name}, ${size(blob.size)}`)
  const answer = await exchange(base, '/reports', { method: 'POST', body: form, signal })
  const { response, tookMs } = answer
  const location = response.headers.get('location')
  const retryAfter = Number(response.headers.get('retry-after'))
  if (response.status !== 202 || !location || !(retryAfter >= 1))
    throw new DemoError(`The upload was answered with ${statusOf(response)}: ${new TextDecoder().decode(answer.body).slice(0, 500)}`)
  const job = readDocument(answer)
  const { id, operation, status } = job
  showResponse(answer, ['Location', 'Retry-After', 'Link', 'Cache-Control'], { id, operation, status })
  return { location, retryAfterMs: 1000 * retryAfter, acceptMs: tookMs, job }
}
