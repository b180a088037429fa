import { createHash } from 'node:crypto'

/** Id of a message in the queue, the same for the same dispatch, so that pg-boss ignores a second one. A UUID of version 8 (RFC 9562). */
export function messageId(id: string, dispatch: number): string {
  const hash = createHash('sha256').update(`${id}-${dispatch}`).digest('hex')
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}
