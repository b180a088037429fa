import { callbackUrl } from './prefer'
import type { Submission } from './request'
import { checkedOptions, invalid, oneOf, type Rules, typed } from './rules'
import { type JobWebhook, WEBHOOK_TYPES, type WebhookSender, type WebhookType } from './webhook'

type Target = string | null | undefined

/** The webhook of a route: what is notified when its jobs end. */
export interface WebhookOptions<Native = unknown> {
  /** One URL for all jobs, or a function that looks it up, as by the client that sent the request. `null` or `undefined`: none. */
  url?: string | ((native: Native) => Target | Promise<Target>) | undefined
  /** Which ends are notified. @default all of them */
  events?: readonly WebhookType[] | undefined
  /**
   * Whether a request may name its own URL, with `Prefer: callback; url="https://…"` (OData 4.01, 8.2.8.3), which then replaces `url`.
   * @default false
   */
  fromRequest?: boolean | undefined
}
/** A URL, a function that finds it, or {@link WebhookOptions}. */
export type WebhookOption<Native = unknown> = NonNullable<WebhookOptions<Native>['url']> | WebhookOptions<Native>

const optionsOf = <Native>(option: WebhookOption<Native> | undefined): WebhookOptions<Native> =>
  typeof option === 'object' ? option : { url: option }

const WEBHOOK_OPTIONS: Rules<keyof WebhookOptions> = {
  url: typed('string', 'function'),
  events: [(value) => Array.isArray(value) && value.every((type) => WEBHOOK_TYPES.includes(type)), `a list of ${WEBHOOK_TYPES.join(', ')}`],
  fromRequest: oneOf(false, true, false),
}

/** Refuses an invalid webhook option at set-up. @throws {JobsError} `invalid_option` */
export function checkWebhook(where: string, option: WebhookOption<never> | undefined, sender: WebhookSender | undefined): void {
  if (option === undefined) return
  if (!sender) throw invalid(`${where}: webhook needs createJobs({ webhooks: webhooks({ secrets }) })`)
  if (typeof option === 'object') checkedOptions(`${where}: webhook`, option, WEBHOOK_OPTIONS)
  const { url } = optionsOf(option)
  const refusal = typeof url === 'string' ? sender.refusal(url) : undefined
  if (refusal) throw invalid(`${where}: webhook: ${refusal}`)
}

/** The webhook of a job that was made without a request: the route's, unless its URL is a function of the request. */
export function toldOfAll(option: WebhookOption<never> | undefined): JobWebhook | undefined {
  const { url, events } = optionsOf(option)
  return typeof url === 'string' ? newWebhook(url, events) : undefined
}

/** The webhook of one job, or why its URL is refused. */
export type Told =
  | { readonly webhook?: JobWebhook; readonly isFromRequest?: boolean; readonly refusal?: undefined }
  | { readonly refusal: string }

export async function toldOf(option: WebhookOption<never>, sender: WebhookSender, submission: Submission): Promise<Told> {
  const { url, events, fromRequest } = optionsOf(option)
  const named = fromRequest ? callbackUrl(submission.headers.get('prefer')) : undefined
  const target = named ?? (typeof url === 'function' ? await url(submission.native as never) : url)
  if (!target) return {}
  const refusal = target === url ? undefined : await sender.check(target)
  return refusal ? { refusal } : { webhook: newWebhook(target, events), isFromRequest: named !== undefined }
}

export const newWebhook = (url: string, events?: readonly WebhookType[]): JobWebhook => ({ url, events, attempts: 0, log: [] })
