import { type Clock, systemClock } from './clock'
import { ClientError } from './errors'
import { httpUrl } from './links'
import type { Pace } from './pacing'
import type { Words } from './reading'
import type { Fetch } from './request'
import type { OwnWords } from './words'

/** Header fields in any form that `Headers` takes: the types of Node have no other name for it. */
export type HeadersGiven = ConstructorParameters<typeof Headers>[0]

/** Options of `createClient`. */
export interface ClientOptions extends Partial<Clock> {
  /** Base of relative URLs. @default the URL of the page in a browser; elsewhere none, and URLs must be absolute */
  baseUrl?: string | URL | undefined
  /** @default globalThis.fetch */
  fetch?: Fetch | undefined
  /**
   * Header fields for every request to the origin of `baseUrl`, or without it of the submitted URL: `Authorization`, an API key. A function
   * is called before each request; what it throws is the `cause` of an `invalid_option`, once it has worked for a job only if it does so six
   * times in a row. No other origin gets them, wherever links or redirects lead.
   */
  headers?: HeadersGiven | (() => HeadersGiven | Promise<HeadersGiven>) | undefined
  /** Further origins that get the same header fields, such as `https://status.example.com`. @default [] */
  trustedOrigins?: readonly string[] | undefined
  /**
   * Time limit for a whole job, in milliseconds, from `submit` or `resume` to the last byte of its result; then `ClientError` `timed_out`.
   * A call after that, such as `cancel`, has the same time again.
   * @default no limit
   */
  timeoutMs?: number | undefined
  /**
   * Time limit for one response with its body, in milliseconds, besides the time that the server was asked to hold it. A result must only
   * begin in this time, and uploads are not limited.
   * @default 30_000
   */
  requestTimeoutMs?: number | undefined
  /** How often a submission is tried before `ClientError` `unreachable`. Following a job never gives up by itself. @default 5 */
  submitAttempts?: number | undefined
  /** Shortest pause between two requests for a job, in milliseconds, at least 50, whatever the server advises. @default 250 */
  minPollMs?: number | undefined
  /** Longest pause that the client chooses itself, in milliseconds, at least 1_000. A `Retry-After` may be longer. @default 30_000 */
  maxPollMs?: number | undefined
  /** How long the server is asked to hold a poll until something changes (`Prefer: wait`), in seconds. 0: not at all. @default 20 */
  waitSeconds?: number | undefined
  /** Whether server-sent events are used if a job offers them. @default true */
  events?: boolean | undefined
  /**
   * Omits the header fields that a server on another origin must allow by CORS: `Prefer`, `Idempotency-Key`, `If-None-Match`, and the
   * `Content-Type` of a cancel.
   * @default false
   */
  plain?: boolean | undefined
  /** A server's own words for the states of its jobs, as it writes them, before those that the client knows: `{ baking: 'running' }`. */
  words?: Words | undefined
}

/** The options, checked and with defaults filled in. */
export interface Settings {
  readonly baseUrl: string | undefined
  /** The origin that gets `headers`; `undefined`: that of the submitted URL. */
  readonly home: string | undefined
  readonly fetch: Fetch
  readonly headers: () => Promise<Headers>
  readonly trustedOrigins: readonly string[]
  readonly timeoutMs: number | undefined
  readonly requestTimeoutMs: number
  readonly submitAttempts: number
  readonly waitSeconds: number
  /** How many jobs may hold a connection at a time: over HTTP/1.1 a browser opens only six to a server, for all tabs. */
  readonly mostHeld: number
  readonly events: boolean
  readonly plain: boolean
  readonly words: OwnWords
  readonly pace: Pace
  readonly clock: Clock
}

/** Refuses what is not as it must be: JavaScript lets it through. @throws {ClientError} `invalid_option` */
export function must(name: string, holds: unknown, be: string): void {
  if (!holds) throw new ClientError('invalid_option', `${name} must be ${be}`)
}

/** Refuses numeric strings too: added to a time they would concatenate. @throws {ClientError} `invalid_option` */
export const mustBeNumber = (name: string, value: unknown, low: number): void =>
  must(name, value === undefined || (typeof value === 'number' && value >= low), `a number from ${low}, not ${typeof value} ${value}`)

/** @throws {ClientError} `invalid_option` */
export function refuseOthers(others: object): void {
  for (const name in others) throw new ClientError('invalid_option', `${name} is not an option`)
}

/**
 * The absolute address. `null` and `undefined` are none: as texts they would be relative ones.
 *
 * @throws {ClientError} `invalid_option`
 */
export function addressOf(given: unknown, hint: string, base = 'about:blank'): string {
  const address = httpUrl(String(given ?? ''), base)
  if (address) return address
  throw new ClientError('invalid_option', `"${String(given)}" is no http(s) URL${hint}.`)
}

/** What `make` makes of options that came from outside. @throws {ClientError} `invalid_option` */
export function made<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw new ClientError('invalid_option', String(error))
  }
}

export const headersOf = (given: HeadersGiven): Headers => made(() => new Headers(given))

/** @throws {ClientError} `invalid_option` */
export function settingsOf({
  baseUrl,
  fetch = (input, init) => globalThis.fetch(input, init),
  headers,
  trustedOrigins = [],
  timeoutMs,
  requestTimeoutMs = 30_000,
  submitAttempts = 5,
  minPollMs = 250,
  maxPollMs = 30_000,
  waitSeconds = 20,
  events = true,
  plain = false,
  words = {},
  now = systemClock.now,
  random = systemClock.random,
  sleep = systemClock.sleep,
  ...others
}: ClientOptions): Settings {
  refuseOthers(others)
  mustBeNumber('timeoutMs', timeoutMs, 0)
  mustBeNumber('requestTimeoutMs', requestTimeoutMs, 1)
  mustBeNumber('submitAttempts', submitAttempts, 1)
  mustBeNumber('minPollMs', minPollMs, 50)
  mustBeNumber('maxPollMs', maxPollMs, 1_000)
  mustBeNumber('waitSeconds', waitSeconds, 0)
  must('fetch', typeof fetch === 'function', 'a function')
  if (typeof headers !== 'function') headersOf(headers)
  const base = baseUrl === undefined ? undefined : addressOf(baseUrl, ', as baseUrl must be')
  const { location } = globalThis as { readonly location?: { readonly href?: string } } // not in every runtime
  const page = httpUrl(location?.href, 'about:blank')
  return {
    baseUrl: base ?? page,
    home: base && new URL(base).origin,
    fetch,
    headers: async () => headersOf(typeof headers === 'function' ? await headers() : headers),
    trustedOrigins: trustedOrigins.map((origin) => new URL(addressOf(origin, ', as trustedOrigins must be')).origin),
    timeoutMs,
    requestTimeoutMs,
    submitAttempts,
    mostHeld: page === undefined ? Number.POSITIVE_INFINITY : 4,
    waitSeconds: Math.floor(waitSeconds),
    events,
    plain,
    words: new Map(Object.entries(words)),
    pace: { minMs: minPollMs, maxMs: maxPollMs, random },
    clock: { now, random, sleep },
  }
}
