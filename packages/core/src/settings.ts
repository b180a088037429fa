import type { Settings } from './context'
import { JobsError } from './errors'
import type { ErrorContext, JobsOptions } from './options'
import { checkedOptions, invalid, JOBS_RULES, OPERATION_RULES } from './rules'

/** Whether this is Cloudflare Workers (needs the compatibility flag `global_navigator`, on by default). */
export const onWorkers = (): boolean => globalThis.navigator?.userAgent === 'Cloudflare-Workers'

/** Checks the options of `createJobs` and fills in defaults. @throws {JobsError} `invalid_option`, `store_required` */
export function resolveSettings(options: JobsOptions<never>): Settings {
  const where = 'createJobs'
  const settings = checkedOptions<Settings>(where, options, JOBS_RULES)
  const { path, baseUrl, cors, onError, retryAfterMinMs, retryAfterMaxMs } = settings
  if (retryAfterMinMs > retryAfterMaxMs)
    throw invalid(`${where}: retryAfterMinMs (${retryAfterMinMs}) is above retryAfterMaxMs (${retryAfterMaxMs})`)
  settings.defaults = checkedOptions(`${where}: defaults`, options.defaults ?? {}, OPERATION_RULES)
  settings.path = path && trimmed(path)
  settings.baseUrl = baseUrl && trimmed(baseUrl)
  if (typeof cors !== 'string') settings.cors = cors.map(trimmed)
  settings.onError = onError ? guarded(onError) : report
  if (options.representation?.status) settings.page = false
  if (options.store) return settings
  if (onWorkers() || options.engine?.capabilities.durable)
    throw new JobsError(
      'store_required',
      'On Workers, or with this engine, createJobs() needs a store: durableObjectStore(env.JOBS), redisStore(), or memoryStore() if this is intended.',
    )
  warnOfMemory()
  return settings
}

let hasWarned = false
/** Warns once, and only in production: losing jobs is fine in development, and if the memory store is named explicitly. */
function warnOfMemory(): void {
  try {
    const { process } = globalThis as unknown as { process: { env: Record<string, string | undefined> } }
    if (hasWarned || process.env.NODE_ENV !== 'production') return
  } catch {
    return // there is no `process.env`, or it may not be read, as in Deno without --allow-env
  }
  hasWarned = true
  console.warn(
    'respond-async: jobs are in memory: a restart loses them, other instances cannot see them. ' +
      'Give createJobs() a store, or memoryStore() if this is intended.',
  )
}

/** Without trailing slashes; also for a `URL`. */
const trimmed = (url: string) => String(url).replace(/\/+$/, '')

/** Keeps an error of `onError` itself, thrown or rejected with, from breaking a job or the process. */
const guarded =
  (onError: typeof report): typeof report =>
  (error, about) =>
    void (async () => onError(error, about))().catch((thrown) => report(thrown, { ...about, during: 'onError' }))

/** The default `onError`: writes to the console. */
function report(error: unknown, { during, id, operation }: ErrorContext): void {
  console.error(`respond-async: ${[during, operation, id].filter(Boolean).join(' ')}:`, error)
}
