import type { JobHandle, Platform } from '@respond-async/core'

/** `job` of a handler that runs as if it were not wrapped: progress is ignored, and the signal aborts when the client leaves. */
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

/** The platform from the arguments of a Workers fetch handler; `undefined` where there is no `waitUntil`. */
export function platformOf(env: unknown, context: unknown): Platform | undefined {
  const { waitUntil } = Object(context) as { waitUntil?: unknown }
  if (typeof waitUntil !== 'function') return undefined
  return { env, context, waitUntil: (work) => waitUntil.call(context, work) }
}
