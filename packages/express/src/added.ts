import { IncomingMessage, ServerResponse } from 'node:http'
import type { Request } from 'express'
import { EXPRESS_FIELDS } from './detached-request'

/** Properties that earlier middleware added to a live request or response, by name. */
export type Added = Readonly<Record<string, unknown>>

const made = new IncomingMessage(null as never) // Node accepts a request without a socket
/** Names of the properties that every request and response has from Node and Express; a detached one has its own values for them. */
const GIVEN = new Set(Object.keys({ ...made, ...new ServerResponse(made) }).concat('__onFinished', 'next', 'res', ...EXPRESS_FIELDS))

/** Reads only added properties: copying all would cost more than everything else that the adapter does to accept a request. */
export function addedTo(live: object): Added {
  const added: Record<string, unknown> = {}
  for (const name of Object.keys(live)) if (!GIVEN.has(name)) added[name] = live[name as never]
  return added
}

/** Copies the properties to a detached one, except functions that replace its methods: they would act on the live one. */
export function putAdded(added: Added, to: object): void {
  for (const name in added) {
    const value = added[name]
    if (!(name in to)) to[name as never] = value as never
    else if (typeof value !== 'function')
      // Defined, not assigned, because the prototype may have a getter of that name.
      Object.defineProperty(to, name, { value, writable: true, enumerable: true, configurable: true })
  }
}

/** Properties that Express defines as getters. Middleware may replace them with values; Express 4 itself does so with `query`. */
const TOLD = ['query', 'ip', 'ips', 'protocol', 'host', 'hostname'] as const
export type Told = Partial<Pick<Request, (typeof TOLD)[number]>>

/** The values that replaced those getters. */
export function toldOf(live: Request): Told {
  const told: Record<string, unknown> = {}
  for (const name of TOLD) if (Object.hasOwn(live, name)) told[name] = live[name]
  return told
}
