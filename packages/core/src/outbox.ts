import { advance } from './advance'
import type { Context } from './context'
import type { Job } from './job'
import { isTerminal } from './lifecycle'
import { documentText } from './status-document'
import { rfc3339 } from './time'
import { type WebhookMessage, type WebhookReply, type WebhookSender, webhookTypeOf } from './webhook'

/** Messages on their way at once, in this process and to one origin: a receiver that is slow holds up its own and no others. */
const AT_ONCE = 64
const AT_ONCE_TO_ONE = 8
/** How long a try may take before another process makes the next one, in milliseconds. A sender takes less. */
const TRY_MS = 60_000

/** Tells of the end of jobs. What is owed is on their records, so what fails here is found there by the next sweep, of any process. */
export interface Outbox {
  readonly sender: WebhookSender
  /**
   * Tries to deliver what the job owes, if it owes anything and there is room. Resolves when that is over; nobody but a platform
   * that ends with its request needs to wait for it. Never rejects.
   */
  post(job: Job): Promise<void>
  /** Resolves when nothing is on its way, or `ms` milliseconds have passed. */
  settled(ms: number): Promise<void>
}

export function createOutbox(context: () => Context, sender: WebhookSender): Outbox {
  const sending = new Map<string, { readonly origin: string; readonly work: Promise<void> }>()
  const hasRoom = (origin: string) =>
    sending.size < AT_ONCE && [...sending.values()].filter((one) => one.origin === origin).length < AT_ONCE_TO_ONE
  return {
    sender,
    post(job) {
      const { id, webhook, operation } = job
      const under = sending.get(id)
      if (under) return under.work
      const origin = webhook && originOf(webhook.url)
      if (origin === undefined || webhook?.nextAt === undefined || !hasRoom(origin)) return Promise.resolve()
      const work = tell(context(), job, sender)
        .catch((error) => context().onError(error, { during: 'webhook', id, operation }))
        .finally(() => sending.delete(id))
      sending.set(id, { origin, work })
      return work
    },
    async settled(ms) {
      if (sending.size === 0) return
      let timer: ReturnType<typeof setTimeout> | undefined
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms)
      })
      await Promise.race([late, Promise.all([...sending.values()].map(({ work }) => work))])
      clearTimeout(timer)
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
  const { status, error } = { status: undefined, error: undefined, ...reply }
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
