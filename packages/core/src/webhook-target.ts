import { callbackUrl } from './prefer'
import type { Submission } from './request'
import { checkedOptions, invalid, oneOf, type Rules, typed } from './rules'
import { type JobWebhook, WEBHOOK_TYPES, type WebhookSender, type WebhookType } from './webhook'

type Target = string | null | undefined

/** Where the end of a route's jobs is told. */
export interface WebhookOptions<Native = unknown> {
  /** One for all, or a function that finds it: in what the client has registered, or in the request. Nothing: nobody is told. */
  url?: string | ((native: Native) => Target | Promise<Target>)
  /** Which ends are told of. @default all of them */
  events?: readonly WebhookType[]
  /**
   * Whether a request may name a URL of its own, with `Prefer: callback; url="https://…"` (OData 4.01, 8.2.8.3). It is told in the
   * place of `url`.
   * @default false
   */
  fromRequest?: boolean
}
/** A URL alone, a function alone, or all there is to say. */
export type WebhookOption<Native = unknown> = NonNullable<WebhookOptions<Native>['url']> | WebhookOptions<Native>

const optionsOf = <Native>(option: WebhookOption<Native> | undefined): WebhookOptions<Native> =>
  typeof option === 'object' ? option : { url: option }

const isType = (type: WebhookType) => WEBHOOK_TYPES.includes(type)
const WEBHOOK_OPTIONS: Rules<keyof WebhookOptions> = {
  url: typed('string', 'function'),
  events: [(value) => Array.isArray(value) && value.every(isType), `a list of ${WEBHOOK_TYPES.join(', ')}`],
  fromRequest: oneOf(false, true, false),
}

/** Refuses at set-up what could never be told. @throws {JobsError} `invalid_option` */
export function checkWebhook(where: string, option: WebhookOption<never> | undefined, sender: WebhookSender | undefined): void {
  if (option === undefined) return
  if (!sender) throw invalid(`${where}: webhook needs createJobs({ webhooks: webhooks({ secrets }) })`)
  if (typeof option === 'object') checkedOptions(`${where}: webhook`, option, WEBHOOK_OPTIONS)
  const { url } = optionsOf(option)
  const refusal = typeof url === 'string' ? sender.refusal(url) : undefined
  if (refusal) throw invalid(`${where}: webhook: ${refusal}`)
}

/** Who is told of a job that no request made: whom the route names for all of its jobs. */
export function toldOfAll(option: WebhookOption<never> | undefined): JobWebhook | undefined {
  const { url, events } = optionsOf(option)
  return typeof url === 'string' ? newWebhook(url, events) : undefined
}

/** Who is told of the end of one job, or why nobody is. */
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
