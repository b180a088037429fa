import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'

export interface WorkerdOptions {
  /** Durable Object classes by binding. */
  readonly objects?: Readonly<Record<string, string>>
  readonly bindings?: Readonly<Record<string, string>>
  /** Directory to keep the objects' storage in, for a second start over it. */
  readonly persist?: string
}

export interface Workerd {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  close(): Promise<void>
}

/** Starts a Worker in workerd, on a socket: bundles its module with the sources of this repository. */
export async function startWorkerd(entry: URL, options: WorkerdOptions = {}): Promise<Workerd> {
  const { objects = {}, bindings, persist } = options
  const built = await build({
    ...{ entryPoints: [entry.pathname], bundle: true, write: false, format: 'esm', target: 'es2022', logLevel: 'error' },
    ...{ conditions: ['@respond-async/source', 'workerd', 'worker', 'browser'], external: ['cloudflare:*', 'node:*'] },
  })
  const contents = built.outputFiles[0]?.text ?? ''
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...{ name: 'worker', compatibilityDate: '2026-10-01', compatibilityFlags: ['nodejs_compat'], cf: false, host: '127.0.0.1', port: 0 },
      modules: [{ type: 'ESModule', path: 'worker.mjs', contents }],
      durableObjects: Object.fromEntries(Object.entries(objects).map(([binding, className]) => [binding, { className, useSQLite: true }])),
      ...{ bindings, resourcePersistencePath: persist },
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
