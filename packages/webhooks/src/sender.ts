import type { Job, WebhookReply, WebhookSender } from '@respond-async/core'
import { checkNoOthers, checkWhole } from '@respond-async/core/store'
import { checkSecrets, invalid, type Secrets, secretsFor, signedFields } from './signature'
import { refusal } from './targets'
import type { Transport } from './transport'

/** Options of {@link webhooks}. */
export interface WebhooksOptions {
  /**
   * Secrets that sign messages, each `whsec_` and 24 to 64 random bytes in base64. Give several, newest first, while a secret is being
   * rotated: a message is signed with each. Or a function that finds the secrets for a job, as by its owner.
   */
  secrets: Secrets | ((job: Job) => Secrets | Promise<Secrets>)
  /**
   * Origins that may be sent to although they are not https or not public: `['http://127.0.0.1:8080']` in development. On Workers
   * nothing is sent to any other origin.
   * @default []
   */
  allow?: readonly string[] | undefined
  /**
   * Pauses between tries, in milliseconds, with jitter. Tries end after the last pause, with an answer of 2xx or 410, and when the job
   * expires.
   * @default [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000]: 5 s to 10 h
   */
  retryMs?: readonly number[] | undefined
  /** Time limit of one try, in milliseconds, 100 to 45_000. @default 15_000 */
  timeoutMs?: number | undefined
}

const RETRY_MS = [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000]
/** Time limit for the application's `secrets` function, and for resolving a host name while a client waits, in milliseconds. */
const LOOK_UP_MS = 10_000
const USER_AGENT = 'respond-async-webhooks'

/** @throws {JobsError} `invalid_option` */
export function createSender(transport: Transport, options: WebhooksOptions): WebhookSender {
  const { secrets, allow = [], retryMs = RETRY_MS, timeoutMs = 15_000, ...others } = options ?? {}
  if (typeof secrets !== 'function') checkSecrets(secrets ?? [])
  checkNoOthers('webhooks', others)
  const unlike = Array.isArray(allow) ? allow.find((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin) : allow
  if (unlike !== undefined) throw invalid(`allow takes origins such as "http://127.0.0.1:8080", not ${JSON.stringify(unlike)}`)
  if (!Array.isArray(retryMs) || !retryMs.every((pause) => Number.isSafeInteger(pause) && pause >= 0))
    throw invalid('retryMs takes whole numbers of milliseconds')
  checkWhole('webhooks: timeoutMs', timeoutMs, 100, 45_000)
  const lookUpMs = Math.min(timeoutMs, LOOK_UP_MS)
  const policy = { allow, onlyAllowed: transport.onlyAllowed }
  return {
    retryMs,
    refusal: (url) => refusal(url, policy),
    async check(target) {
      const why = refusal(target, policy)
      if (why !== undefined) return why
      const url = new URL(target)
      if (allow.includes(url.origin)) return undefined
      return within(lookUpMs, transport.check(url), NOT_FOUND).catch(() => NOT_FOUND)
    },
    async send({ id, url: target, body, job }) {
      try {
        const why = refusal(target, policy)
        if (why !== undefined) return { error: why }
        const url = new URL(target)
        const found = await within(lookUpMs, secretsFor(secrets, job), 'The secrets took too long.')
        const fields = signedFields(found, id, new Date(), body)
        const headers = { ...fields, 'user-agent': USER_AGENT }
        return await transport.send({ url, headers, body, isAllowed: allow.includes(url.origin), timeoutMs })
      } catch (error) {
        return failed(error)
      }
    },
  }
}

/** @throws {Error} with the message `late` if `work` takes longer than `ms` */
async function within<T>(ms: number, work: Promise<T>, late: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(late)), ms)
  })
  try {
    return await Promise.race([work, over])
  } finally {
    clearTimeout(timer)
  }
}

const NOT_FOUND = 'Its name could not be looked up.'
const failed = (error: unknown): WebhookReply => ({ error: String(Object(error).message ?? error).slice(0, 200) })
