/** Runs the built Worker in workerd, the open-source runtime of Cloudflare Workers, with its jobs in memory. */
import { fileURLToPath } from 'node:url'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'

const worker = new Miniflare(
  convertV4MiniflareOptions({
    name: 'demo',
    modules: true,
    scriptPath: fileURLToPath(new URL('../../dist/worker.js', import.meta.url)),
    compatibilityDate: '2026-10-01',
    durableObjects: { JOBS: { className: 'JobObject', useSQLite: true } },
    cf: false,
    host: '127.0.0.1',
    port: Number(process.env.PORT ?? 3000),
  }),
)
console.log((await worker.ready).origin)
