import type { JobHandle, Platform } from '@respond-async/core'

/** `job` of a handler that runs as if it were not wrapped: there is nobody to report to, and the client may stop it by leaving. */
export const unwrappedHandle = (operation: string, request: Pick<Request, 'signal'>): JobHandle => ({
  id: '',
  operation,
  attempt: 1,
  meta: {},
  carry: {},
  get signal() {
    return request.signal
  },
  async progress() {},
})

/** What Workers hand to a fetch handler besides the request; elsewhere nothing that outlives it. */
export function platformOf(env: unknown, context: unknown): Platform | undefined {
  const { waitUntil } = Object(context) as { waitUntil?: unknown }
  if (typeof waitUntil !== 'function') return undefined
  return { env, context, waitUntil: (work) => waitUntil.call(context, work) }
}
