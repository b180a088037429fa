import { accept } from './accept'
import { type Answer, JSON_TYPE } from './answer'
import { ById } from './by-id'
import { cancel, purge } from './cancel'
import { createChanges, NO_CHANGES } from './changes'
import type { Context } from './context'
import { crossOrigin } from './cors'
import type { JobMessage, LeftMessage, Platform, RunContext, RunOutcome } from './engine'
import { JobsError } from './errors'
import { documentOf } from './feed'
import { Fingerprint } from './idempotency'
import { inProcess } from './in-process'
import { blobsInTime, inTime } from './in-time'
import type { Job, JobEvent, Json, JsonObject } from './job'
import { COMPARED, observedLeases } from './leases'
import { memoryStore } from './memory-store'
import { type Execute, metaOfAll, type Operation, resolveOptions, unknownOperation } from './operation'
import type { JobsOptions, OperationOptions } from './options'
import { createOutbox } from './outbox'
import { createPacing } from './pacing'
import { handBack, repaired, sweep } from './repair'
import type { JobRequest, Submission } from './request'
import { retry } from './retry'
import { type RouteMatch, route } from './routes'
import { checkedOptions, invalid, SUBMIT_RULES, timer } from './rules'
import { createRunner } from './runner'
import { onWorkers, resolveSettings } from './settings'
import type { JobQuery } from './store'
import { jobMade, submit } from './submit'
import { unrefTimer } from './time'
import { waitUntil } from './wait-until'
import { checkWebhook, newWebhook, toldOfAll } from './webhook-target'

/** What `jobs.submit` may be told besides the input. */
export interface SubmitOptions {
  owner?: string | null
  idempotencyKey?: string
  delayMs?: number
  /** @default the operation's `meta`, where that is an object */
  meta?: JsonObject
  /** Who is told how it has ended; needs `createJobs({ webhooks })`. @default the URL of the operation's `webhook`, where that is a text */
  webhook?: string
  /** Path and query that the handler sees. @default '/' */
  url?: string
  headers?: Readonly<Record<string, string>>
}

/** One set of jobs: their store, their engine, their operations. `Native` is the request of the framework they are used with. */
export interface Jobs<in Native = unknown> {
  /**
   * Makes a job without HTTP; the handler gets `input` as a JSON body. Returns the one that the key already made, if so.
   * @throws {JobsError} `unknown_operation`, `invalid_option`; `queue_full`, `draining`; `idempotency_conflict` where the key came with another input
   */
  submit(operation: string, input: Json, options?: SubmitOptions): Promise<Job>
  /**
   * The head of a job; `null` for an unknown one. Of one that was purged or has expired what is left, with `goneAt`, as long as its tombstone
   * lasts. `result` is JSON as text. Asks for no owner.
   */
  get(id: string): Promise<Job | null>
  /** Asks for a job to end. The job as it is after that; `null` for an unknown one. */
  cancel(id: string, reason?: string): Promise<Job | null>
  /**
   * Heads of jobs, newest first, 20 where no `limit` is given; `owner: null` for those of nobody. **Without an `owner` the jobs of all
   * owners**: for operators, where the store can do that (`capabilities.listAll`).
   * @throws {JobsError} `invalid_option` where the store cannot, `invalid_cursor`
   */
  list(query: Partial<JobQuery>): Promise<{ jobs: Job[]; cursor?: string }>
  /**
   * What happened to a job after its version `after` (default 0: from the beginning), oldest first, at most 1,000 lines: go on with
   * the version of the last. `truncated`: older lines than the first have been dropped. `null`: no such job, or the store keeps no history.
   */
  history(id: string, after?: number): Promise<{ events: JobEvent[]; truncated: boolean } | null>
  /**
   * Makes a new job of the kept request of one that failed or was canceled: same operation, owner, request and `meta`, a new id, no
   * idempotency key, `retryOf` the old id. It starts at once, with the options that the operation has now; the old job stays as it is.
   * `platform` as for `sweep`: what an engine needs that runs jobs within a request.
   * @throws {JobsError} `not_retryable` with the reason; `queue_full`, `draining`
   */
  retry(id: string, platform?: Platform): Promise<Job>
  /**
   * Takes everything from a finished job but what answers 410, as a client's DELETE does. `false`: there is no such job, or it is gone.
   * @throws {JobsError} `not_finished`
   */
  purge(id: string): Promise<boolean>
  /**
   * Begins consuming and sweeping in this process: what a worker process calls. A process that accepts over HTTP need not: it sweeps
   * by itself, and runs jobs itself where the engine is of this process.
   */
  start(): Promise<void>
  /**
   * Accepts nothing more (503), waits up to `drainMs` for what runs, 0 to 2_147_483_647, then hands back what is left. @default drainMs 10_000
   * @throws {JobsError} `invalid_option`
   */
  stop(options?: { drainMs?: number }): Promise<void>
  /** Runs one message, for an engine's consumer. */
  run(message: JobMessage, context?: RunContext): Promise<RunOutcome>
  /** Repairs everything that is overdue; resolves to how many jobs were looked at. */
  sweep(platform?: Platform): Promise<number>

  /** For adapters: path of the job routes as clients see it, without a slash at its end. */
  readonly path: string
  /** For adapters: registers a wrapped handler. @throws {JobsError} `duplicate_operation`, `invalid_option` */
  define(name: string, options: OperationOptions<never>, execute: Execute): void
  /** For adapters: answers a request for a wrapped handler. `undefined`: run it as if it were not wrapped. */
  accept(operation: string, submission: Submission<Native>, platform?: Platform): Promise<Answer | undefined>
  /** For adapters: answers a request for the job routes. `undefined`: not one of them. */
  route(request: JobRequest, match: RouteMatch<Native>): Promise<Answer | undefined>
}

/**
 * Makes the jobs of an application: in memory and in this process unless it is given a store and an engine.
 *
 * @throws {JobsError} `invalid_option` with a sentence that says what to do; `store_required` on Workers.
 */
export function createJobs<Native = unknown>(options: JobsOptions<Native> = {}): Jobs<Native> {
  const resolved = resolveSettings(options)
  const { storeTimeoutMs, webhooks } = resolved
  const given = options.store ?? memoryStore()
  const blobs = options.blobs ?? given.blobs
  const isWorker = onWorkers()
  // On Workers a timer is dear, and a platform that bounds every request bounds with it the answers that it waits for.
  const isShared = given.capabilities.shared && !isWorker
  const store = isShared ? inTime(given, storeTimeoutMs) : given
  const engine = options.engine ?? store.engine ?? (isWorker ? waitUntil() : inProcess())
  const clock = options.now
  const now = clock ? () => Math.floor(clock()) : Date.now
  const running: Context['running'] = new ById()
  const unwatched = (error: unknown, id: string) => resolved.onError(error, { during: 'watch', id })
  const context: Context = {
    ...{ options: resolved, store, engine, now, operations: new Map(), running, draining: false, stopped: false },
    blobs: blobs && blobsInTime(blobs, isWorker ? undefined : storeTimeoutMs),
    leases: isShared ? observedLeases(resolved.leaseMs) : COMPARED,
    changes: isWorker ? NO_CHANGES : createChanges(store, running, unwatched),
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
      const failed = (error: unknown) => context.onError(error, { during: 'sweep' })
      sweep(context)
        .catch(failed)
        .finally(() => sweepIn(resolved.sweepMs))
    })
  }
  const startSweeping = () => {
    if (resolved.sweepMs > 0 && !isWorker && store.due && !sweeper) sweepIn(0) // what an earlier process left behind
  }

  let consuming: Promise<void> | undefined
  /** Begins to consume; what fails is tried again by the next call. */
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
   * What a process that accepts needs. It runs jobs where there is no other process to run them; of a queue that others consume it
   * takes nothing until it is told to `start`.
   */
  const ready = async () => {
    if (engine.capabilities.remote) startSweeping()
    else await start()
    isReady = true
  }
  const whenReady = <T>(work: () => Promise<T>): Promise<T> => (isReady ? work() : ready().then(work))
  /** For a job that the application makes. @throws {JobsError} `draining` */
  const open = () => {
    if (context.draining) throw new JobsError('draining', 'These jobs were stopped.')
    return ready()
  }
  store.attach?.({
    run,
    async repair(id, platform) {
      await ready()
      await repaired(context, id, platform)
    },
    show: (job, self) => documentOf(context, job, self),
  })
  const operation = (name: string): Operation => {
    const found = context.operations.get(name)
    if (found) return found
    throw unknownOperation(name)
  }

  /** What it held. One that cannot stop keeps nothing else from it. */
  const stopEngine = async (drainMs: number): Promise<readonly LeftMessage[]> => {
    try {
      return (await engine.stop?.(drainMs)) ?? []
    } catch (error) {
      resolved.onError(error, { during: 'stop' })
      return []
    }
  }

  return {
    path: resolved.path ?? '/jobs',
    async submit(name, input, how = {}) {
      checkedOptions('submit', { ...how, owner: how.owner ?? undefined }, SUBMIT_RULES)
      await open()
      const request = { method: 'POST', url: how.url ?? '/', headers: { 'content-type': 'application/json', ...how.headers } }
      const requestBody = JSON.stringify(input)
      const { idempotencyKey: key, delayMs, webhook: url } = how
      checkWebhook('submit', url, options.webhooks)
      const known = operation(name)
      const owner = how.owner || null // as over HTTP: nobody
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
      if (!store.list || (query.owner === undefined && !store.capabilities.listAll))
        throw invalid('This store cannot list jobs, or not those of all owners: name one, or null.')
      return store.list({ limit: 20, ...query })
    },
    async history(id, after = 0) {
      const [job, history] = await Promise.all([store.get(id, 'head'), store.events?.(id, after, HISTORY_LINES)])
      // A job may be inserted as running, at version 2: to its store the line before that has been dropped.
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
      // They have returned to the engine by now: it can settle their messages, which would otherwise be delivered again for nothing.
      if (left.length > 0) waiting.push(...(await stopEngine(SETTLE_MS)))
      await handBack(context, waiting)
      await context.outbox?.settled(Math.max(0, stopBy - performance.now()))
      for (const feeds of [context.feeds, context.live]) for (const feed of feeds?.values() ?? []) feed.end()
    },
    run: (message, how = {}) => run(message, how),
    sweep: (platform) => whenReady(() => sweep(context, platform)),

    define(name, given, execute) {
      const where = `respondAsync("${name}")`
      if (typeof name !== 'string' || !name) throw invalid(`${where}: the operation needs a name`)
      if (context.operations.has(name) && !resolved.redefine)
        throw new JobsError('duplicate_operation', `${where}: this name is taken by another route; see redefine.`)
      context.operations.set(name, {
        name,
        options: resolveOptions(where, given, resolved, engine.capabilities),
        execute,
      })
    },
    async accept(name, submission, platform) {
      if (!isReady) await ready()
      const accepting = accept(context, operation(name), submission, platform)
      // A request on Workers ends with its client: what it has stored by then is handed over, or removed, all the same.
      if (isWorker) platform?.waitUntil?.(accepting.catch(() => {})) // which is answered where it is awaited
      const answer = await accepting
      return answer && crossOrigin(context, submission, answer)
    },
    route: (request, match) => whenReady(() => route(context, request, match)),
  }
}

/** How long an engine may take for messages whose jobs were handed back, in milliseconds. */
const SETTLE_MS = 1_000
const HISTORY_LINES = 1_000
