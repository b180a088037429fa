import { DemoError } from './demo-error.ts'
import { type Exchange, statusOf } from './exchange.ts'

/** What the demo reads of a status document. */
export interface JobDocument {
  readonly id: string
  readonly operation: string
  readonly status: 'queued' | 'running' | 'succeeded' | 'failed' | 'canceled'
  readonly percentComplete?: number
  readonly message?: string
  readonly resourceLocation?: string
  readonly error?: { readonly code: string; readonly message: string }
}

export function readDocument({ method, path, response, body }: Exchange): JobDocument {
  const text = new TextDecoder().decode(body)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new DemoError(`${method} ${path} answered ${statusOf(response)} without a status document: ${text.slice(0, 500)}`, { cause })
  }
}
