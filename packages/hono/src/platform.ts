import type { Platform } from '@respond-async/core'
import type { Context } from 'hono'

/**
 * `env`, and the execution context where the platform has one. Hono throws where it has none, which costs as much as a good part
 * of a poll: so it is looked for when an engine or a handler asks, which happens only where there is one.
 *
 * A class, because it is made for every request: accessors of a literal are made anew each time.
 */
export class HonoPlatform implements Platform {
  readonly #c: Context

  constructor(c: Context) {
    this.#c = c
  }

  get env(): unknown {
    return this.#c.env
  }

  get context(): Context['executionCtx'] | undefined {
    try {
      return this.#c.executionCtx
    } catch {
      return undefined
    }
  }

  get waitUntil(): Platform['waitUntil'] {
    const { context } = this
    return context && ((work) => context.waitUntil(work))
  }
}
