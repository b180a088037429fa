import { type Body, JobsError } from '@respond-async/core'
import { HonoRequest } from 'hono/request'
import type { RouterRoute, ValidationTargets } from 'hono/types'

/** What a handler's own request is made of. */
export interface RequestSource {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly body: Body | null
  readonly path: string
  /** Matched routes, and which of them runs the handler. */
  readonly routes: readonly RouterRoute[]
  readonly routeIndex: number
  readonly params: Readonly<Record<string, string>>
  /** By validation target. */
  readonly valid: Readonly<Record<string, unknown>>
  /** Targets whose data could not be stored. */
  readonly unstored: readonly string[]
  /** Makes the Web request with the body in it, when it is first asked for. */
  makeRaw(): Request
}

const decoder = new TextDecoder()
const textOf = (body: Body | null): string => (typeof body === 'string' ? body : body === null ? '' : decoder.decode(body))

/**
 * The handler's own `c.req`: like the live one, over the body that was read before the 202. A Web request is made only where
 * something but `json()` and `text()` wants it: that costs more than all else in accepting a job.
 */
export class DetachedRequest extends HonoRequest {
  readonly #source: RequestSource
  readonly #unstored: Set<string>
  #raw: Request | undefined

  constructor(source: RequestSource) {
    // `param()` decodes what the router found, so what has been decoded before is encoded again.
    const params: Record<string, string> = {}
    for (const name in source.params) params[name] = encodeURIComponent(source.params[name] as string)
    const matches = source.routes.map((route, at): Match => [[undefined, route], at === source.routeIndex ? params : {}])
    super(NO_REQUEST, source.path, [matches])
    this.#source = source
    this.#unstored = new Set(source.unstored)
    this.routeIndex = source.routeIndex
    Object.defineProperty(this, 'raw', RAW)
    for (const target in source.valid) this.addValidatedData(target as 'json', source.valid[target] as object)
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

  override addValidatedData(target: keyof ValidationTargets, data: object): void {
    this.#unstored.delete(target)
    super.addValidatedData(target, data)
  }

  override valid(target: never): never {
    if (this.#unstored.has(target))
      throw new JobsError(
        'invalid_input',
        `The validated ${String(target)} data is no JSON, so it was not stored for a run in another process: ` +
          'give the validator to respondAsync() with the handler, or read the request itself.',
      )
    return super.valid(target) as never // the base class says by type parameters what is there
  }
}

type Match = [[unknown, RouterRoute], Record<string, string>]

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
