import { accept } from './accept'
import { JSON_TYPE } from './answer'
import { ById } from './by-id'
import { cancel, purge } from './cancel'
import { createChanges, NO_CHANGES } from './changes'
import type { Context } from './context'
import { crossOrigin } from './cors'
import type { LeftMessage, Platform } from './engine'
import { JobsError } from './errors'
import { documentOf } from './feed'
import { Fingerprint } from './idempotency'
import { inProcess } from './in-process'
import { blobsInTime, inTime } from './in-time'
import type { Jobs } from './jobs-api'
import { COMPARED, observedLeases } from './leases'
import { memoryStore } from './memory-store'
import { metaOfAll, type Operation, resolveOptions, unknownOperation } from './operation'
import type { JobsOptions } from './options'
import { createOutbox } from './outbox'
import { createPacing } from './pacing'
import { handBack, repaired, sweep } from './repair'
import { retry } from './retry'
import { route } from './routes'
import { checkedOptions, invalid, LIST_RULES, SUBMIT_RULES, timer } from './rules'
import { createRunner } from './runner'
import { onWorkers, resolveSettings } from './settings'
import type { JobQuery } from './store'
import { jobMade, submit } from './submit'
import { unrefTimer } from './time'
import { waitUntil } from './wait-until'
import { checkWebhook, newWebhook, toldOfAll } from './webhook-target'

/**
 * Sets up the jobs of an application. Without options they are kept in memory and run in this process.
 *
 * @throws {JobsError} `invalid_option` with a sentence that says what to do; `store_required` without a `store` on Workers, or with an engine
 *   whose messages survive a restart.
 */
export function createJobs<Native = unknown>(options: JobsOptions<Native> = {}): Jobs<Native> {
  const resolved = resolveSettings(options)
  const { storeTimeoutMs, webhooks } = resolved
  const given = options.store ?? memoryStore()
  const blobs = options.blobs ?? given.blobs
  const isWorker = onWorkers()
  // No store timeout on Workers: timers are costly there, and the platform limits every request anyway.
  const isShared = given.capabilities.shared && !isWorker
  const store = isShared ? inTime(given, storeTimeoutMs) : given
  const engine = options.engine ?? given.engine ?? (isWorker ? waitUntil() : inProcess())
  const clock = options.now
  const now = clock ? () => Math.floor(clock()) : Date.now
  const running: Context['running'] = new ById()
  const context: Context = {
    ...{ options: resolved, store, engine, now, operations: new Map(), running, draining: false, stopped: false },
    blobs: blobs && blobsInTime(blobs, isWorker ? undefined : storeTimeoutMs),
    leases: isShared ? observedLeases(resolved.leaseMs) : COMPARED,
    changes: isWorker ? NO_CHANGES : createChanges(store, running, (error, id) => context.onError(error, { during: 'watch', id })),
    feeds: isWorker ? undefined : new ById(),
    live: isWorker ? undefined : new ById(),
    pacing: createPacing(resolved, now),
    outbox: webhooks && createOutbox(() => context, webhooks),
    mount: `${resolved.baseUrl ?? ''}${resolved.path ?? '/jobs'}`,
    onError: resolved.onError,
  }
  const run = createRunner(context)
  let sweeper: ReturnType<typeof setTimeout> | undefined
  const sweepIn = (ms: number) => {
    if (context.draining) return
    sweeper = unrefTimer(ms, () => {
      sweep(context)
        .catch((error) => context.onError(error, { during: 'sweep' }))
        .finally(() => sweepIn(resolved.sweepMs))
    })
  }
  const startSweeping = () => {
    if (resolved.sweepMs > 0 && !isWorker && store.due && !sweeper) sweepIn(0) // what an earlier process left behind
  }

  let consuming: Promise<void> | undefined
  /** Starts the engine; after a failure the next call tries again. */
  const start = () => {
    startSweeping()
    consuming ??= (async () => engine.start?.(run))().catch((error) => {
      consuming = undefined
      throw error
    })
    return consuming
  }
  let isReady = false
  /**
   * Prepares a process that accepts requests. It starts an in-process engine, but consumes from a remote one only after
   * `jobs.start()`.
   */
  const ready = async () => {
    if (engine.capabilities.remote) startSweeping()
    else await start()
    isReady = true
  }
  /** @param platform of a request that may write: on Workers it ends when its client leaves, and what it has begun must still be finished */
  const whenReady = <T>(work: () => Promise<T>, platform?: Platform | false): Promise<T> => {
    const working = isReady ? work() : ready().then(work)
    if (platform && isWorker) platform.waitUntil?.(working.catch(() => {})) // the error is handled where `working` is awaited
    return working
  }
  /** For `submit` and `retry`. @throws {JobsError} `draining` */
  const open = () => {
    if (context.draining) throw new JobsError('draining', 'jobs.stop() was called.')
    return ready()
  }
  given.attach?.({
    run,
    repair: (id, platform) => whenReady(() => repaired(context, id, platform)),
    show: (job, self) => documentOf(context, job, self),
  })
  const operation = (name: string): Operation => {
    const found = context.operations.get(name)
    if (found) return found
    throw unknownOperation(name)
  }

  /** Stops the engine; resolves to the messages it held. If the engine fails to stop, the rest of the process stops all the same. */
  const stopEngine = async (drainMs: number): Promise<readonly LeftMessage[]> => {
    try {
      return (await engine.stop?.(drainMs)) ?? []
    } catch (error) {
      context.onError(error, { during: 'stop' })
      return []
    }
  }

  return {
    path: resolved.path ?? '/jobs',
    async submit(name, input, how = {}) {
      checkedOptions('submit', how, SUBMIT_RULES)
      await open()
      const request = { method: 'POST', url: how.url ?? '/', headers: { 'content-type': 'application/json', ...how.headers } }
      const requestBody = JSON.stringify(input)
      const { idempotencyKey: key, delayMs, webhook: url } = how
      checkWebhook('submit', url, options.webhooks)
      const known = operation(name)
      const owner = how.owner || null // '' means nobody, as over HTTP
      const meta = how.meta ?? metaOfAll(known.options)
      const webhook = url === undefined ? toldOfAll(known.options.webhook) : newWebhook(url)
      const fingerprint = key === undefined ? undefined : await new Fingerprint(JSON_TYPE).of(request.method, request.url, requestBody)
      return jobMade(await submit(context, known, { owner, key, fingerprint, meta, webhook, delayMs, request, requestBody }))
    },
    get: (id) => store.get(id, 'head'),
    async cancel(id, reason) {
      const job = await store.get(id, 'head')
      return job && cancel(context, job, reason)
    },
    async list(query) {
      const asked = checkedOptions<JobQuery>('list', query, LIST_RULES)
      if (!store.list || (asked.owner === undefined && !store.capabilities.listAll))
        throw invalid('This store cannot list jobs, or not without an owner: name one, or null.')
      return store.list(asked)
    },
    async history(id, after = 0) {
      const [job, history] = await Promise.all([store.get(id, 'head'), store.events?.(id, after, HISTORY_LINES)])
      // A job may be inserted as running, at version 2: the store then reports version 1 as dropped, but it never existed.
      return job && history ? { ...history, truncated: history.truncated && history.events[0]?.type !== 'insert' } : null
    },
    async retry(id, platform) {
      await open()
      return retry(context, id, platform)
    },
    purge: (id) => purge(context, id),
    start,
    async stop(options = {}) {
      const { drainMs } = checkedOptions<{ drainMs: number }>('stop', options, { drainMs: timer(10_000) })
      const stopBy = performance.now() + drainMs
      context.draining = true
      clearTimeout(sweeper)
      const waiting = [...(await stopEngine(drainMs))]
      context.stopped = true
      const left = running.values()
      for (const attempt of left) attempt.interrupt('drained')
      await Promise.all(left.map((attempt) => attempt.over))
      // These runs have returned to the engine by now: let it settle their messages, or they would be delivered again for nothing.
      if (left.length > 0) waiting.push(...(await stopEngine(SETTLE_MS)))
      await handBack(context, waiting)
      await context.outbox?.settled(Math.max(0, stopBy - performance.now()))
      for (const feeds of [context.feeds, context.live]) for (const feed of feeds?.values() ?? []) feed.end()
    },
    run: (message, how = {}) => run(message, how),
    sweep: (platform) => whenReady(() => sweep(context, platform)),

    define(name, given, execute, handlers = [execute]) {
      const where = `respondAsync("${name}")`
      if (typeof name !== 'string' || !name || !handlers[0] || handlers.some((one) => typeof one !== 'function'))
        throw invalid(`${where} needs a name and a handler function`)
      if (context.operations.has(name) && !resolved.redefine)
        throw new JobsError('duplicate_operation', `${where}: this name is taken by another route; see redefine.`)
      context.operations.set(name, {
        name,
        options: resolveOptions(where, given, resolved, engine.capabilities),
        execute,
      })
    },
    accept: (name, submission, platform) =>
      whenReady(async () => {
        const answer = await accept(context, operation(name), submission, platform)
        return answer && crossOrigin(context, submission, answer)
      }, platform),
    route: (request, match) => whenReady(() => route(context, request, match), request.method !== 'GET' && match.platform),
  }
}

/** How long an engine may take to settle the messages of jobs that were handed back, in milliseconds. */
const SETTLE_MS = 1_000
const HISTORY_LINES = 1_000
