import type { Platform } from '@respond-async/core'
import type { Context } from 'hono'

const onWorkers = globalThis.navigator?.userAgent === 'Cloudflare-Workers'
let hasExecutionContext = true

/** `env` and the execution context, where the platform has one. Asking costs an error where it has none, so elsewhere than on Workers that is found out once. */
export function platformOf(c: Context): Platform {
  if (!hasExecutionContext) return { env: c.env }
  try {
    const context = c.executionCtx
    return { env: c.env, context, waitUntil: (work) => context.waitUntil(work) }
  } catch {
    hasExecutionContext = onWorkers
    return { env: c.env }
  }
}
