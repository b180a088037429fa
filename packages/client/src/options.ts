import { type Clock, systemClock } from './clock'
import { ClientError } from './errors'
import type { Pace } from './pacing'
import type { Words } from './reading'
import type { Fetch } from './request'

/** Fields, as `Headers` takes them: the types of Node have no other name for it. */
export type HeadersGiven = ConstructorParameters<typeof Headers>[0]

export interface ClientOptions extends Partial<Clock> {
  /** What relative addresses are relative to. @default the page's address in a browser; elsewhere addresses must be absolute */
  baseUrl?: string | URL
  /** @default globalThis.fetch */
  fetch?: Fetch
  /**
   * Fields for every request to the origin of `baseUrl` (without it: of the address that is given): `Authorization`, an API key. A function
   * is asked before each request. No other origin gets them, wherever a server points.
   */
  headers?: HeadersGiven | (() => HeadersGiven | Promise<HeadersGiven>)
  /** Further origins that get the same fields, as `https://status.example.com`. @default [] */
  trustedOrigins?: readonly string[]
  /**
   * How long a job may take altogether, in milliseconds, from `submit` or `resume` to the last byte of its result; then `ClientError`
   * `timed_out`. What is asked for after that, a cancellation say, has as much time once more. @default no limit
   */
  timeoutMs?: number
  /**
   * How long a single answer may take with its body, in milliseconds, besides what the server was asked to hold it. A result need only
   * begin in this time, and an upload takes as long as it takes. @default 30_000
   */
  requestTimeoutMs?: number
  /** How often a submission is tried before `ClientError` `unreachable`. Following a job never gives up by itself. @default 5 */
  submitAttempts?: number
  /** Shortest pause between two requests for a job, in milliseconds, whatever the server says; at least 50. @default 250 */
  minPollMs?: number
  /** Longest pause of the client's own making, in milliseconds, at least 1_000. A server's `Retry-After` may be longer. @default 30_000 */
  maxPollMs?: number
  /** How long the server is asked to hold a poll until something changes (`Prefer: wait`), in seconds. 0: not at all. @default 20 */
  waitSeconds?: number
  /** Whether server-sent events are used where a job offers them. @default true */
  events?: boolean
  /**
   * Sends no field that a server on another origin would have to allow a page by CORS: no `Prefer`, `Idempotency-Key`, `If-None-Match`.
   * @default false
   */
  plain?: boolean
  /** Words of a server for the states of its jobs that are not understood by themselves: `{ baking: 'running' }`. */
  words?: Words
}

/** How requests are made and paced: the options, checked, defaults filled in. */
export interface Settings {
  readonly baseUrl: string | undefined
  /** Whose fields `headers` are; `undefined`: of whatever address is given. */
  readonly home: string | undefined
  readonly fetch: Fetch
  readonly headers: () => Promise<Headers>
  readonly trustedOrigins: readonly string[]
  readonly timeoutMs: number | undefined
  readonly requestTimeoutMs: number
  readonly submitAttempts: number
  readonly waitSeconds: number
  /** How many jobs may hold a connection at a time: a browser has six to a server over HTTP/1.1, for all that its tabs ask of it. */
  readonly mostHeld: number
  readonly events: boolean
  readonly plain: boolean
  readonly words: Words
  readonly pace: Pace
  readonly clock: Clock
}

type NumberOption = 'timeoutMs' | 'requestTimeoutMs' | 'submitAttempts' | 'waitSeconds' | 'minPollMs' | 'maxPollMs'

/** A text that looks like a number is none: added to a time it would be one that never comes. @throws {ClientError} `invalid_option` */
export function checkNumber(name: NumberOption, value: unknown, low: number): void {
  if (value !== undefined && !(typeof value === 'number' && value >= low))
    throw new ClientError('invalid_option', `${name} must be a number from ${low}, not ${typeof value} ${value}`)
}

export function settingsOf(given: ClientOptions): Settings {
  const number = <Otherwise>(name: NumberOption, low: number, otherwise: Otherwise): number | Otherwise => {
    const value = given[name]
    checkNumber(name, value, low)
    return value ?? otherwise
  }
  const { headers } = given
  const clock: Clock = {
    now: given.now ?? systemClock.now,
    random: given.random ?? systemClock.random,
    sleep: given.sleep ?? systemClock.sleep,
  }
  const { location } = globalThis as { readonly location?: { readonly href?: unknown } } // which not every runtime has
  const address = String(location?.href)
  const page = address.startsWith('http') ? address : undefined
  return {
    baseUrl: given.baseUrl === undefined ? page : String(given.baseUrl),
    home: given.baseUrl === undefined ? undefined : new URL(given.baseUrl).origin,
    fetch: given.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    headers: async () => new Headers(typeof headers === 'function' ? await headers() : headers),
    trustedOrigins: (given.trustedOrigins ?? []).map((origin) => new URL(origin).origin),
    timeoutMs: number('timeoutMs', 0, undefined),
    requestTimeoutMs: number('requestTimeoutMs', 1, 30_000),
    submitAttempts: number('submitAttempts', 1, 5),
    mostHeld: page === undefined ? Number.POSITIVE_INFINITY : 4,
    waitSeconds: Math.floor(number('waitSeconds', 0, 20)),
    events: given.events ?? true,
    plain: given.plain ?? false,
    words: given.words ?? {},
    pace: {
      minMs: number('minPollMs', 50, 250),
      maxMs: number('maxPollMs', 1_000, 30_000),
      random: clock.random,
    },
    clock,
  }
}
