import type { AccessAnswer, Detail, DetailAnswer, ListAnswer } from '../rows'

/** Whether an error may be temporary: no answer (0), too many requests, a server error. */
export const mayPass = (status: number): boolean => status === 0 || status === 408 || status === 429 || status >= 500

/** An error of the server. `status` 0: it did not answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

interface ListQuery {
  /** `undefined`: all owners; empty: jobs without an owner. */
  readonly owner?: string
  readonly status?: string
  readonly operation?: string
  readonly cursor?: string
  readonly since?: string
  readonly ids?: string
}

/** The API of this page. Every call throws {@link Refusal}. */
export interface Server {
  access(): Promise<AccessAnswer>
  list(query: ListQuery): Promise<ListAnswer>
  show(id: string, after?: number): Promise<DetailAnswer>
  cancel(id: string): Promise<Detail>
  retry(id: string): Promise<Detail>
  purge(id: string): Promise<void>
}

/** How long an answer may take, in milliseconds. */
const PATIENCE_MS = 20_000

/** @param base URL of the API, with a trailing slash */
export function createServer(base: string, send: typeof fetch = (...args) => fetch(...args)): Server {
  async function ask<T>(method: string, path: string): Promise<T> {
    let response: Response
    let body: unknown
    try {
      const headers = { 'x-respond-async-dashboard': '1', accept: 'application/json' }
      response = await send(new URL(path, base), { method, headers, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) })
      if (response.headers.get('content-type')?.startsWith('application/json')) body = await response.json()
    } catch (cause) {
      throw new Refusal(0, 'unreachable', 'The server cannot be reached.', { cause })
    }
    if (response.ok && body !== undefined) return body as T // what the server of the same build sends
    const { code = 'not_here', message = 'The dashboard no longer answers here. Have you been signed out?' } = (body ?? {}) as {
      code?: string
      message?: string
    }
    if (mayPass(response.status) && body === undefined)
      throw new Refusal(response.status, 'unavailable', 'The server cannot answer at the moment.')
    throw new Refusal(response.status, code, message)
  }
  const jobPath = (id: string) => `jobs/${encodeURIComponent(id)}`
  return {
    access: () => ask('GET', 'access'),
    list: (query) => ask('GET', `jobs?${new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined))}`),
    show: (id, after = 0) => ask('GET', `${jobPath(id)}?after=${after}`),
    cancel: (id) => ask('POST', `${jobPath(id)}/cancel`),
    retry: (id) => ask('POST', `${jobPath(id)}/retry`),
    purge: (id) => ask('DELETE', jobPath(id)),
  }
}
