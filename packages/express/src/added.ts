import { IncomingMessage, ServerResponse } from 'node:http'
import type { Request } from 'express'
import { EXPRESS_FIELDS } from './detached-request'

/** What earlier middleware hung on a live request or response, by name. */
export type Added = Readonly<Record<string, unknown>>

const made = new IncomingMessage(null as never) // which Node takes for a request without a socket
/** Names of what every request and response has from Node and Express. A detached one has its own values there. */
const GIVEN = new Set(Object.keys({ ...made, ...new ServerResponse(made) }).concat('__onFinished', 'next', 'res', ...EXPRESS_FIELDS))

/** Reads no other values: copying all of them would cost more than everything else that the adapter does to accept a request. */
export function addedTo(live: object): Added {
  const added: Record<string, unknown> = {}
  for (const name of Object.keys(live)) if (!GIVEN.has(name)) added[name] = live[name as never]
  return added
}

/** Puts it on a detached one. Functions in the place of the live one's methods are left out: they would act on the live one. */
export function putAdded(added: Added, to: object): void {
  for (const name in added) {
    const value = added[name]
    if (!(name in to))
      to[name as never] = value as never // names that nobody here knows
    else if (typeof value !== 'function')
      // Also where the prototype has a getter of that name.
      Object.defineProperty(to, name, { value, writable: true, enumerable: true, configurable: true })
  }
}

/** What Express tells of a request by getters. Middleware may define values in their place; Express 4 itself does so with the query. */
const TOLD = ['query', 'ip', 'ips', 'protocol', 'host', 'hostname'] as const
export type Told = Partial<Pick<Request, (typeof TOLD)[number]>>

/** The values that were defined in their place. */
export function toldOf(live: Request): Told {
  const told: Record<string, unknown> = {}
  for (const name of TOLD) if (Object.hasOwn(live, name)) told[name] = live[name]
  return told
}
