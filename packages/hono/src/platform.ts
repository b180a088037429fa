import type { Platform } from '@respond-async/core'
import type { Context } from 'hono'

/**
 * `env`, and the execution context where the platform has one. Hono throws where it has none, which costs as much as a good part
 * of a poll: so it is looked for when an engine or a handler asks, which happens only where there is one.
 */
export const platformOf = (c: Context): Platform => ({
  env: c.env,
  get context() {
    return executionOf(c)
  },
  get waitUntil() {
    const context = executionOf(c)
    return context && ((work: Promise<unknown>) => context.waitUntil(work))
  },
})

function executionOf(c: Context): Context['executionCtx'] | undefined {
  try {
    return c.executionCtx
  } catch {
    return undefined
  }
}
