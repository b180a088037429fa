import type { Platform } from '@respond-async/core'
import type { Context } from 'hono'

/**
 * `env` and, if the platform has one, the execution context. Hono throws if there is none, which costs as much as a good part of a
 * poll, so it is read only when an engine or a handler asks for it, which they do only where there is one.
 *
 * A class, because it is made for every request: an object literal would create its accessors each time.
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
