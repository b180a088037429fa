import { advance } from './advance'
import { type Context, reporter } from './context'
import type { Platform } from './engine'
import type { Job } from './job'
import { onWorkers } from './settings'
import { documentText } from './status-document'
import { atMost, rfc3339 } from './time'
import { type JobWebhook, type WebhookMessage, type WebhookReply, type WebhookSender, webhookTypeOf } from './webhook'

/** Most concurrent tries, in this process and per origin, so that a slow receiver holds up only its own messages. */
const AT_ONCE = 64
const AT_ONCE_TO_ONE = 8
/** How long a try may take before another process makes the next one, in milliseconds. Senders take less. */
const TRY_MS = 60_000

/**
 * Most jobs that wait for room, in all and per origin; only their ids are kept. Jobs beyond that are left to sweeps, as are all on
 * Workers, where one request cannot continue what another began.
 */
const WAITING = 10_000
const WAITING_FOR_ONE = 1_000

/** Sends webhooks. What a job still owes is on its record, so a sweep of any process finds what fails here. */
export interface Outbox {
  /**
   * Sends the job's webhook, if it owes one, as soon as there is room. Resolves when a try that could begin at once has ended; only a
   * platform that ends with its request needs to wait for that. Never rejects.
   */
  post(job: Job): Promise<void>
  /** Resolves when no try is running and none waits for room, or after `ms` milliseconds. */
  settled(ms: number): Promise<void>
}

/** A job that waits for room, with the number of tries begun so far: if that has grown, another process has taken it. */
interface Waiting {
  readonly operation: string
  readonly attempts: number
}

/** A running try. On Workers it may have ended silently with its request, and other requests must not wait for its promise. */
interface Sending {
  readonly origin: string
  readonly work: Promise<void>
  readonly until: number
}

export function createOutbox(context: () => Context, sender: WebhookSender): Outbox {
  const sending = new Map<string, Sending>()
  const waiting = new Map<string, Map<string, Waiting>>() // by origin, and there by id
  const isUnder = ({ until }: Sending) => until > context().now()
  const hasRoom = (origin: string) => {
    const under = [...sending.values()].filter(isUnder)
    return under.length < AT_ONCE && under.filter((one) => one.origin === origin).length < AT_ONCE_TO_ONE
  }
  const begin = (job: Pick<Job, 'id' | 'operation'>, origin: string, trying: Promise<void>): Promise<void> => {
    const { id } = job
    const work = trying.catch(reporter(context(), 'webhook', job)).finally(() => {
      sending.delete(id)
      next()
    })
    sending.set(id, { origin, work, until: context().now() + TRY_MS })
    return work
  }
  const wait = ({ id, operation }: Job, origin: string, { attempts }: JobWebhook) => {
    const same = waiting.get(origin) ?? new Map<string, Waiting>()
    let size = 0
    for (const one of waiting.values()) size += one.size
    if (onWorkers() || size >= WAITING || same.size >= WAITING_FOR_ONE) return
    waiting.set(origin, same.set(id, { operation, attempts }))
  }
  /** Begins a try for one waiting job; origins take turns. Its record is read again, since it may have waited long. */
  const next = () => {
    for (const [origin, same] of waiting) {
      const [first] = hasRoom(origin) ? same : []
      if (!first) continue
      const [id, { operation, attempts }] = first
      same.delete(id)
      waiting.delete(origin)
      if (same.size > 0) waiting.set(origin, same) // behind the others
      const trying = async () => {
        const job = await context().store.get(id, 'head')
        if (job?.webhook?.attempts === attempts) await tell(context(), job, sender)
      }
      void begin({ id, operation }, origin, trying())
      return
    }
  }
  return {
    post(job) {
      const { id, webhook } = job
      const under = sending.get(id)
      if (under && isUnder(under)) return onWorkers() ? Promise.resolve() : under.work
      const origin = webhook && originOf(webhook.url)
      if (origin === undefined || webhook?.nextAt === undefined) return Promise.resolve()
      if (hasRoom(origin)) return begin(job, origin, tell(context(), job, sender))
      wait(job, origin, webhook)
      return Promise.resolve()
    },
    async settled(ms) {
      const over = async () => {
        while (sending.size > 0) await Promise.all([...sending.values()].map(({ work }) => work))
      }
      await atMost(ms, over())
      waiting.clear() // left to sweeps
    },
  }
}

const originOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).origin : undefined)

/** Whether a finished job owes a webhook try that is due. */
export const isOwed = (job: Job, now: number): boolean =>
  (job.webhook?.nextAt ?? Number.POSITIVE_INFINITY) <= now && (job.expiresAt ?? now) > now

/** Sends the webhook that a finished job owes. Nobody waits for it, except on Workers: the platform's `waitUntil`, or else the caller. */
export async function post({ outbox }: Context, job: Job, platform: Platform | undefined): Promise<Job> {
  const told = outbox?.post(job)
  if (told && platform?.waitUntil) platform.waitUntil(told)
  else if (onWorkers()) await told
  return job
}

/** Makes one try: claims it, sends the message, records the outcome. */
async function tell(context: Context, job: Job, sender: WebhookSender): Promise<void> {
  const attempts = (job.webhook?.attempts ?? 0) + 1
  const claim = await advance(context, job, ({ webhook }) =>
    webhook?.nextAt === undefined ? null : { type: 'notify', attempts, nextAt: context.now() + TRY_MS },
  )
  if (!claim.done) return
  const begun = context.now()
  const reply = await sender.send(messageOf(context, claim.job, begun))
  const at = context.now()
  const { status, error } = reply
  const delivery = { at, attempt: attempts, tookMs: at - begun, status, error }
  await advance(context, claim.job, { type: 'notify', attempts, nextAt: nextTry(context, claim.job, sender, attempts, reply), delivery })
}

function messageOf(context: Context, job: Job, now: number): WebhookMessage {
  const data = documentText(context, job, `${context.mount}/${job.id}`)
  const body = `{"type":"${webhookTypeOf(job.status)}","timestamp":"${rfc3339(job.finishedAt ?? now)}","data":${data}}`
  return { id: `msg_${job.id}`, url: (job.webhook as { url: string }).url, body, job } // one that is claimed has a webhook
}

/** When to try again; `undefined` after a success, a 410 (gone for good), the last try, or if the job will have expired by then. */
function nextTry(context: Context, job: Job, { retryMs }: WebhookSender, attempts: number, reply: WebhookReply): number | undefined {
  const { status = 0, retryAfterMs = 0 } = reply
  const pause = retryMs[attempts - 1]
  if ((status >= 200 && status < 300) || status === 410 || pause === undefined) return undefined
  const jittered = pause * (1 + 0.2 * (context.options.random() - 0.5))
  const next = context.now() + Math.round(Math.max(jittered, retryAfterMs))
  return next < (job.expiresAt ?? next) ? next : undefined
}
