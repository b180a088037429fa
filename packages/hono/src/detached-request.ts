import { detachRequest } from '@respond-async/core/fetch'
import { HonoRequest } from 'hono/request'
import type { HonoSubmission } from './submission'

/**
 * The symbol under which Hono keeps the router's match. It is not exported, but `c.req.param()` and `hono/route` read it, so it is
 * copied.
 */
const [MATCHES] = Object.getOwnPropertySymbols(HonoRequest.prototype)
type Matches = ConstructorParameters<typeof HonoRequest>[2]

const decoder = new TextDecoder()

/**
 * The handler's own `c.req`: like the live one, with the body that was read before the 202. `json()` and `text()` need no Web `Request`;
 * one is made only if something else does, because that costs more than everything else in accepting a job.
 */
export class DetachedRequest extends HonoRequest {
  readonly #from: HonoSubmission
  /** Source of the head and the body: the submission, or a request that the handler has set as `raw`. */
  #source: HonoSubmission | Request
  #raw: Request | undefined

  constructor(from: HonoSubmission) {
    const live: HonoRequest = from.native.req
    super(live.raw, live.path, live[MATCHES as keyof HonoRequest] as unknown as Matches)
    this.#from = from
    this.#source = from
    this.routeIndex = live.routeIndex
    Object.defineProperty(this, 'raw', DetachedRequest.#RAW)
  }

  static readonly #RAW: PropertyDescriptor & ThisType<DetachedRequest> = {
    get() {
      const { native, body, headers } = this.#from
      this.#raw ??= detachRequest(native.req.raw, body, headers)
      return this.#raw
    },
    set(raw: Request) {
      this.#raw = raw
      this.#source = raw
    },
  }

  override get url(): string {
    return this.#source.url
  }

  override get method(): string {
    return this.#source.method
  }

  override header(name?: string): never {
    const { headers } = this.#source
    // `never`: the overloads of the base class declare what each form returns.
    return (name ? (headers.get(name) ?? undefined) : Object.fromEntries(headers)) as never
  }

  override async text(): Promise<string> {
    const { body } = this.#source
    if (typeof body === 'string') return body
    return body instanceof Uint8Array ? decoder.decode(body) : super.text()
  }

  override async json<T = unknown>(): Promise<T> {
    return JSON.parse(await this.text())
  }

  override valid(target: never): never {
    return (super.valid(target) ?? this.#from.native.req.valid(target as never)) as never // the base class declares the type by type parameters
  }
}
