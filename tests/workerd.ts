import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'

export interface WorkerdOptions {
  /** Durable Object classes by binding. */
  readonly objects?: Readonly<Record<string, string>>
  /** Workflow classes by binding. */
  readonly workflows?: Readonly<Record<string, string>>
  /** Bindings of D1 databases. */
  readonly databases?: readonly string[]
  /** Bindings of Queues, which the Worker itself consumes. */
  readonly queues?: readonly string[]
  readonly bindings?: Readonly<Record<string, string>>
  /** Directory to keep all storage in, for a second start over it. */
  readonly persist?: string
  /** @default 0: a free one */
  readonly port?: number
}

export interface Workerd {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  close(): Promise<void>
}

/** Starts a Worker in workerd, on a socket: bundles its module with the sources of this repository. */
export async function startWorkerd(entry: URL, options: WorkerdOptions = {}): Promise<Workerd> {
  return runWorkerd(await bundledWorker(entry.pathname), options)
}

/** The module of a Worker as one text. */
export async function bundledWorker(entry: string): Promise<string> {
  const built = await build({
    ...{ entryPoints: [entry], bundle: true, write: false, format: 'esm', target: 'es2022', logLevel: 'error' },
    ...{ conditions: ['@respond-async/source', 'workerd', 'worker', 'browser'], external: ['cloudflare:*', 'node:*'] },
  })
  return built.outputFiles?.[0]?.text ?? ''
}

/** As {@link startWorkerd}, with a module that is bundled. */
export async function runWorkerd(contents: string, options: WorkerdOptions): Promise<Workerd> {
  const { objects = {}, workflows = {}, databases = [], queues = [], bindings, persist, port = 0 } = options
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...{ name: 'worker', compatibilityDate: '2026-10-01', compatibilityFlags: ['nodejs_compat'], cf: false, host: '127.0.0.1', port },
      modules: [{ type: 'ESModule', path: 'worker.mjs', contents }],
      durableObjects: Object.fromEntries(Object.entries(objects).map(([binding, className]) => [binding, { className, useSQLite: true }])),
      workflows: Object.fromEntries(Object.entries(workflows).map(([binding, className]) => [binding, { name: 'jobs', className }])),
      d1Databases: Object.fromEntries(databases.map((binding) => [binding, binding])),
      queueProducers: Object.fromEntries(queues.map((binding) => [binding, { queueName: binding }])),
      queueConsumers: Object.fromEntries(queues.map((binding) => [binding, { maxBatchSize: 5, maxBatchTimeout: 0, maxRetries: 100 }])),
      ...{ bindings, resourcePersistencePath: persist, unsafeTriggerHandlers: true },
    }),
  )
  const url = await miniflare.ready
  return { url: url.origin, close: () => miniflare.dispose() }
}

/**
 * `fetch` without compression: the server that Miniflare puts in front of a Worker compresses whatever the client takes, a body of
 * 0 bytes too, and drops its Content-Length. In front of a deployed Worker nothing does.
 */
export const fetchIdentity = (url: string, init: RequestInit): Promise<Response> => {
  const headers = new Headers(init.headers)
  headers.set('accept-encoding', 'identity')
  return fetch(url, { ...init, headers })
}
