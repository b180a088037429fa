import type { Settings } from './context'
import { JobsError } from './errors'
import { checkBounds, checkWord, type ErrorContext, invalid, type JobsOptions, withoutUndefined } from './options'

/** Cloudflare Workers say so (compatibility flag `global_navigator`, on by default). */
export const onWorkers = (): boolean => globalThis.navigator?.userAgent === 'Cloudflare-Workers'

const DEFAULTS = {
  pendingStatus: 202,
  onComplete: 'document',
  page: true,
  inlineResultBytes: 65_536,
  maxWaitMs: 25_000,
  retryAfterMinMs: 1_000,
  retryAfterMaxMs: 60_000,
  leaseMs: 30_000,
  startDeadlineMs: 60_000,
  cancelGraceMs: 5_000,
  tombstoneMs: 3_600_000,
  sweepMs: 15_000,
  storeTimeoutMs: 10_000,
  cors: [],
} as const

/** Fills in defaults and refuses what cannot work, at set-up. @throws {JobsError} `invalid_option`, `store_required` */
export function resolveSettings(options: JobsOptions<never>): Settings {
  const where = 'createJobs'
  checkBounds(options, where)
  checkWord('pendingStatus', options.pendingStatus, [200, 202], where)
  for (const name of ['page', 'redefine'] as const) checkWord(name, options[name], [true, false], where)
  checkWord('onComplete', options.onComplete, ['document', 'redirect', 'inline'], where)
  const { path, baseUrl, cors } = options
  if (typeof cors === 'string') checkWord('cors', cors, ['*', ['https://api.example.com']], where)
  if (path !== undefined && !/^(?:\/[\w.~!$&'()*+,;=:@%-]+)*\/?$/.test(path))
    throw invalid(`${where}: path must be a path such as "/jobs", as clients see it, not ${JSON.stringify(path)}`)
  if (baseUrl !== undefined && !/^https?:\/\/[^/?#\s]+[^?#\s]*$/.test(baseUrl))
    throw invalid(`${where}: baseUrl must be a URL such as "https://api.example.com", not ${JSON.stringify(baseUrl)}`)
  const settings: Settings = {
    newId: () => crypto.randomUUID(),
    random: Math.random,
    ...DEFAULTS,
    ...withoutUndefined({
      ...options,
      path: trimmed(path),
      baseUrl: trimmed(baseUrl),
      cors: typeof cors === 'string' ? cors : cors?.map(trimmed),
    }),
    onError: options.onError ? guarded(options.onError) : report,
  }
  if (options.representation?.status) settings.page = false
  const { retryAfterMinMs, retryAfterMaxMs } = settings
  if (retryAfterMinMs > retryAfterMaxMs)
    throw invalid(`${where}: retryAfterMinMs, ${retryAfterMinMs}, is above retryAfterMaxMs, ${retryAfterMaxMs}; set both`)
  if (options.store) return settings
  if (onWorkers())
    throw new JobsError(
      'store_required',
      'On Workers createJobs() needs a store: isolates come and go, and with them what is in memory. ' +
        'Give it durableObjectStore(env.JOBS) of @respond-async/workers/durable-object, or memoryStore() where forgetting is fine.',
    )
  warnOfMemory()
  return settings
}

let hasWarned = false
/** Once, and only in production: to forget is fine while developing, and where it is asked for by name. */
function warnOfMemory(): void {
  try {
    const { process } = globalThis as unknown as { process: { env: Record<string, string | undefined> } }
    if (hasWarned || process.env.NODE_ENV !== 'production') return
  } catch {
    return // it has no such thing, or does not let it be read, as Deno without --allow-env
  }
  hasWarned = true
  console.warn(
    'respond-async: createJobs() keeps jobs in memory: a restart loses them, other instances do not see them. ' +
      'Give it a shared store, or store: memoryStore() to say that this is meant.',
  )
}

const trimmed = <Url extends string | undefined>(url: Url) => url?.replace(/\/+$/, '') as Url

/** Who is told of an error must not make another one in the middle of a job. */
const guarded =
  (onError: typeof report): typeof report =>
  (error, about) => {
    try {
      onError(error, about)
    } catch (thrown) {
      report(thrown, { ...about, during: 'onError' })
    }
  }

/** Where an application does not want to hear of errors itself, the console does. */
function report(error: unknown, { during, id, operation }: ErrorContext): void {
  console.error(`respond-async: ${[during, operation, id].filter(Boolean).join(' ')}:`, error)
}
