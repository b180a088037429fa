import { type Body, JobsError } from '@respond-async/core'
import { HonoRequest } from 'hono/request'
import type { RouterRoute } from 'hono/types'

/** What a handler's own request is made of: what was read of the live one, or what was stored. */
export interface RequestSource {
  readonly method: string
  readonly url: string
  /** As the client sent them, but for the type of a form that had to be put together again. */
  readonly headers: Headers
  readonly body: Body | null
  readonly path: string
  /** Which of the routes runs the handler. */
  readonly routeIndex: number
  routes(): readonly RouterRoute[]
  params(): Readonly<Record<string, string>>
  /** What validators before the handler have left. @throws {JobsError} `invalid_input` when it could not be stored */
  valid(target: string): unknown
  /** Makes the Web request with the body in it, when it is first asked for. */
  makeRaw(): Request
}

const decoder = new TextDecoder()
const textOf = (body: Body | null): string => (typeof body === 'string' ? body : body === null ? '' : decoder.decode(body))

/** What the router found, for `c.req.param()` and the functions of `hono/route`, put together when one of them is called. */
class Matches {
  readonly #source: RequestSource
  #found: Match[] | undefined

  constructor(source: RequestSource) {
    this.#source = source
  }

  get 0(): Match[] {
    this.#found ??= matchesOf(this.#source)
    return this.#found
  }
}
type Match = [[unknown, RouterRoute], Record<string, string>]

function matchesOf(source: RequestSource): Match[] {
  // `param()` decodes what the router found, so what has been decoded before is encoded again.
  const encoded = Object.fromEntries(Object.entries(source.params()).map(([name, value]) => [name, encodeURIComponent(value)]))
  return source.routes().map((route, at): Match => [[undefined, route], at === source.routeIndex ? encoded : {}])
}

/**
 * The handler's own `c.req`: like the live one, over the body that was read before the 202. A Web request is made only where
 * something but `json()` and `text()` wants it: that costs more than all else in accepting a job.
 */
export class DetachedRequest extends HonoRequest {
  readonly #source: RequestSource
  #raw: Request | undefined

  constructor(source: RequestSource) {
    super(NO_REQUEST, source.path, new Matches(source) as unknown as [Match[]]) // Hono reads its first element alone
    this.#source = source
    this.routeIndex = source.routeIndex
    Object.defineProperty(this, 'raw', RAW)
  }

  static rawOf(request: DetachedRequest): Request {
    request.#raw ??= request.#source.makeRaw()
    return request.#raw
  }

  override get url(): string {
    return this.#source.url
  }

  override get method(): string {
    return this.#source.method
  }

  override header(name?: string): never {
    const { headers } = this.#source
    // `never`: the overloads of the base class say what each form returns.
    return (name === undefined ? Object.fromEntries(headers) : (headers.get(name) ?? undefined)) as never
  }

  override async text(): Promise<string> {
    return textOf(this.#source.body)
  }

  override async json<T = unknown>(): Promise<T> {
    return JSON.parse(textOf(this.#source.body))
  }

  override valid(target: never): never {
    return (super.valid(target) ?? this.#source.valid(target)) as never // the base class says by type parameters what is there
  }
}

/** Validated data that is no JSON, asked for where only what was stored is left of it. */
export const notStored = (target: string): JobsError =>
  new JobsError(
    'invalid_input',
    `The validated ${target} data is no JSON, so it was not stored for a run in another process: ` +
      'give the validator to respondAsync() with the handler, or read the request itself.',
  )

/** The base class keeps a request as a field; what reads it gets the getter below instead. */
const NO_REQUEST = undefined as unknown as Request
const RAW: PropertyDescriptor & ThisType<DetachedRequest> = {
  get() {
    return DetachedRequest.rawOf(this)
  },
  set(raw: Request) {
    Object.defineProperty(this, 'raw', { value: raw, writable: true, configurable: true, enumerable: true })
  },
  configurable: true,
  enumerable: true,
}
