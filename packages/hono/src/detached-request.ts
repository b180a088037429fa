import { detachRequest } from '@respond-async/core/fetch'
import { HonoRequest } from 'hono/request'
import type { HonoSubmission } from './submission'

/**
 * Hono keeps what the router found under a symbol that it does not export; `hono/route` reads it there, and so `c.req.param()` and
 * the functions of `hono/route` find the same.
 */
const [MATCHES] = Object.getOwnPropertySymbols(HonoRequest.prototype)
type Matches = ConstructorParameters<typeof HonoRequest>[2]

const decoder = new TextDecoder()

/**
 * The handler's own `c.req`: like the live one, over the body that was read before the 202. A Web request is made only where
 * something but `json()` and `text()` wants it: that costs more than all else in accepting a job.
 */
export class DetachedRequest extends HonoRequest {
  readonly #from: HonoSubmission
  /** Where the head and the body are: in the submission, until the handler has put another request in its place. */
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
    // `never`: the overloads of the base class say what each form returns.
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
    return (super.valid(target) ?? this.#from.native.req.valid(target as never)) as never // the base class says by type parameters what is there
  }
}
