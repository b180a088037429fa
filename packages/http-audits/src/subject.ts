import { hasStatus, ok } from './expectation'
import { excerpt, type Reply, readReply, reasonOf, type StatusDocument } from './reply'
import { type AuditPlan, type AuditRoute, type Feature, OWNER_HEADER } from './target'

/** A request function: the global `fetch`, or one for an application in this process, `(url, init) => app.request(url, init)`. */
export type Fetch = (url: string, init: RequestInit) => Response | Promise<Response>

/** Options of a request. */
export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Owner of the request; `null`: none. @default the audit's own owner */
  readonly owner?: string | null
  readonly signal?: AbortSignal
  /** Called with the number of bytes of the body so far, as they come. */
  readonly heard?: (size: number) => void
}

/** Options of a submission. */
export interface Submitting extends Asking {
  /** Name of the target's wrapped handler. @default 'work' */
  readonly route?: AuditRoute
}

/** An accepted job. */
export interface AuditJob {
  /** The 202. */
  readonly accepted: Reply
  readonly id: string
  /** `Location` of the 202, as it was sent. */
  readonly statusUrl: string
  /** Sends a request, GET by default, to the status URL. */
  status(asking?: Asking): Promise<Reply>
  /** The same to the result URL. */
  result(asking?: Asking): Promise<Reply>
  /** Sends a POST to the cancel URL. */
  cancel(asking?: Asking): Promise<Reply>
  /** Polls until the document satisfies `enough`, and resolves to that reply. */
  until(enough: (document: StatusDocument) => boolean, what: string): Promise<Reply>
  /** Polls until the job has finished. */
  finished(): Promise<Reply>
}

/** A job whose handler waits until it is released. */
export interface HeldJob extends AuditJob {
  /** Lets the handler finish. */
  release(): Promise<void>
}

/** The server under test, as one audit sees it. Each audit has its own owner, so that audits do not see each other's jobs. */
export interface Subject {
  readonly owner: string
  /** Expected path of the job routes, if given. */
  readonly path: string | undefined
  has(feature: Feature): boolean
  /** Sends a request. Paths are relative to the server's root; redirects are not followed. */
  fetch(url: string, asking?: Asking): Promise<Reply>
  /** Posts a plan to a wrapped handler. Resolves to any reply. */
  post(plan?: AuditPlan, how?: Submitting): Promise<Reply>
  /** Posts a plan, which must be accepted with 202. */
  submit(plan?: AuditPlan, how?: Submitting): Promise<AuditJob>
  /** Submits a job that runs until it is released or canceled. Resolves once it is running. */
  hold(plan?: AuditPlan, how?: Submitting): Promise<HeldJob>
  /** Makes a token for a plan's `hold`. It is released when the audit ends. */
  token(): { readonly token: string; release(): Promise<void> }
}

export interface SubjectOptions {
  readonly url: string
  readonly target: string
  readonly path: string | undefined
  readonly fetch: Fetch
  readonly headers: Readonly<Record<string, string>>
  readonly features: ReadonlySet<Feature>
  readonly signal: AbortSignal
}

/** First and longest pause between two polls, in milliseconds; each is half as long again as the one before. */
const FIRST_LOOK_MS = 10
export const LONGEST_LOOK_MS = 250
const OVER = ['succeeded', 'failed', 'canceled']
const STATES = ['queued', 'running', ...OVER]
export const isOver = (document: StatusDocument): boolean => OVER.includes(document.status)

/** Makes the subject of one audit, and a function that releases all jobs that the audit has left held. */
export function createSubject(options: SubjectOptions): { subject: Subject; tidy: (limit: AbortSignal) => Promise<void> } {
  const { features, signal } = options
  const owner = `audit-${crypto.randomUUID()}`
  const base = options.url.replace(/\/+$/, '')
  const held = new Set<string>()

  const ask: Subject['fetch'] = async (url, asking = {}) => {
    const { method = 'GET', body, owner: who = owner } = asking
    const headers = { ...options.headers, ...(who === null ? {} : { [OWNER_HEADER]: who }), ...asking.headers }
    ok(URL.canParse(url, `${base}/`), `${excerpt(url)} is no address`)
    const address = new URL(url, `${base}/`).href
    const signals = asking.signal ? AbortSignal.any([asking.signal, signal]) : signal
    const sent = body as BodyInit | undefined // bytes made here are in no shared memory
    const asked = `${method} ${url}`
    try {
      signals.throwIfAborted() // which an application in this process may not look at
      const response = await options.fetch(address, { method, headers, body: sent, redirect: 'manual', signal: signals })
      return await readReply(asked, response, asking.heard)
    } catch (cause) {
      throw new Error(`${asked} was not answered: ${reasonOf(cause)}`, { cause })
    }
  }
  const fetch: Subject['fetch'] = (url, asking) => {
    const reply = ask(url, asking)
    reply.catch(() => {}) // an audit that fails leaves behind what it has not looked at yet
    return reply
  }
  const targetUrl = (rest: string) => `${new URL(`${base}/`).pathname.replace(/\/$/, '')}${options.target}/${rest}`
  const post: Subject['post'] = (plan, { route = 'work', ...asking } = {}) => {
    const body = asking.body ?? (plan && JSON.stringify(plan))
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    return fetch(targetUrl(route), { method: 'POST', ...asking, body, headers: { ...type, ...asking.headers } })
  }
  const submit: Subject['submit'] = async (plan, how) => {
    const accepted = await post(plan, how)
    hasStatus(accepted, 202)
    return jobOf(accepted, fetch, how?.owner)
  }
  const token: Subject['token'] = () => {
    const value = crypto.randomUUID()
    held.add(value)
    return {
      token: value,
      async release() {
        held.delete(value)
        hasStatus(await fetch(targetUrl(`release/${value}`), { method: 'POST' }), 204)
      },
    }
  }
  return {
    subject: {
      ...{ owner, path: options.path, has: (feature) => features.has(feature), fetch, post, submit, token },
      async hold(plan, how) {
        const gate = token()
        const job = await submit({ ...plan, hold: gate.token }, how)
        await job.until((document) => document.status !== 'queued', 'begun to run')
        return { ...job, release: gate.release }
      },
    },
    async tidy(limit) {
      if (!features.has('release')) return
      const open = [...held]
      held.clear()
      // What cannot be let go of comes to rest by itself; the audit has its result already.
      const letGo = (value: string) =>
        options.fetch(`${new URL(base).origin}${targetUrl(`release/${value}`)}`, release(options.headers, limit))
      await Promise.allSettled(open.map(async (value) => (await letGo(value)).arrayBuffer()))
    },
  }
}

const release = (headers: Readonly<Record<string, string>>, signal: AbortSignal): RequestInit => ({ method: 'POST', headers, signal })

function jobOf(accepted: Reply, fetch: Subject['fetch'], owner: string | null | undefined): AuditJob {
  const statusUrl = accepted.headers.get('location')
  ok(statusUrl, `${accepted.asked} answered 202 without a Location`)
  const asOwner = (asking: Asking = {}): Asking => (owner === undefined ? asking : { owner, ...asking })
  const status: AuditJob['status'] = (asking) => fetch(statusUrl, asOwner(asking))
  const until: AuditJob['until'] = async (enough, what) => {
    let last: Reply | undefined
    for (let pause = FIRST_LOOK_MS; ; pause = Math.min(LONGEST_LOOK_MS, pause * 1.5)) {
      const reply = await status().catch((error: unknown) => {
        // The audit has run out of time: say what it was waiting for.
        throw last
          ? new Error(`the job has not ${what}; its last answer was ${last.status} ${last.text.slice(0, 1_000)}`, { cause: error })
          : error
      })
      const document = reply.document()
      if (enough(document)) return reply
      // Fail early: an unknown state will never become final, and a final one may not be the one that is awaited.
      ok(STATES.includes(document.status), `${reply.asked} answered ${reply.status} with the status ${JSON.stringify(document.status)}`)
      ok(!isOver(document), `the job has not ${what}, but is over: ${reply.text.slice(0, 1_000)}`)
      last = reply
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
  return {
    ...{ accepted, statusUrl, id: statusUrl.split('/').at(-1) ?? '', status, until },
    result: (asking) => fetch(`${statusUrl}/result`, asOwner(asking)),
    cancel: (asking) => fetch(`${statusUrl}/cancel`, asOwner({ method: 'POST', ...asking })),
    finished: () => until(isOver, 'finished'),
  }
}
