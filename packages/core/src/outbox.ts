import { advance } from './advance'
import { type Context, reporter } from './context'
import type { Job } from './job'
import { isTerminal } from './lifecycle'
import { onWorkers } from './settings'
import { documentText } from './status-document'
import { rfc3339, within } from './time'
import { type JobWebhook, type WebhookMessage, type WebhookReply, type WebhookSender, webhookTypeOf } from './webhook'

/** Messages on their way at once, in this process and to one origin: a receiver that is slow holds up its own and no others. */
const AT_ONCE = 64
const AT_ONCE_TO_ONE = 8
/** How long a try may take before another process makes the next one, in milliseconds. A sender takes less. */
const TRY_MS = 60_000

/**
 * Jobs that wait here for room, in all and for one origin. Only their ids are kept. Those beyond are found by sweeps; so are all on
 * Workers, where what one request began cannot go on in another.
 */
const WAITING = 10_000
const WAITING_FOR_ONE = 1_000

/** Tells of the end of jobs. What is owed is on their records, so what fails here is found there by the next sweep, of any process. */
export interface Outbox {
  /**
   * Tries to deliver what the job owes, if it owes anything, as soon as there is room. Resolves when a try that could begin at once
   * is over; nobody but a platform that ends with its request needs to wait for it. Never rejects.
   */
  post(job: Job): Promise<void>
  /** Resolves when nothing is on its way and nothing waits for room, or `ms` milliseconds have passed. */
  settled(ms: number): Promise<void>
}

/** A job that waits for room, by the tries begun when it came: once there are more, another process has it. */
interface Waiting {
  readonly operation: string
  readonly attempts: number
}

/** A try on its way. On Workers it may have ended unheard with the request that it was of, whose promises are no other's to wait for. */
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
  /** Begins with one that waits, of the origin whose turn it is. Its record is read again: it may have waited long. */
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
      await within(ms, over(), () => {})
      waiting.clear() // which is owed, and found by whoever sweeps
    },
  }
}

const originOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).origin : undefined)

/** One try: claims it, sends, writes down what came of it. */
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

/** When to try again: never after a success, where the receiver is gone for good (410), or once there is nothing left to read. */
function nextTry(context: Context, job: Job, { retryMs }: WebhookSender, attempts: number, reply: WebhookReply): number | undefined {
  const { status = 0, retryAfterMs = 0 } = reply
  const pause = retryMs[attempts - 1]
  if ((status >= 200 && status < 300) || status === 410 || pause === undefined) return undefined
  const jittered = pause * (1 + 0.2 * (context.options.random() - 0.5))
  const next = context.now() + Math.round(Math.max(jittered, retryAfterMs))
  return next < (job.expiresAt ?? next) ? next : undefined
}

/** Whether somebody has to be told of the end of a job, and it is time. */
export const isOwed = (job: Job, now: number): boolean =>
  isTerminal(job.status) &&
  job.goneAt === undefined &&
  (job.webhook?.nextAt ?? Number.POSITIVE_INFINITY) <= now &&
  (job.expiresAt ?? now) > now
