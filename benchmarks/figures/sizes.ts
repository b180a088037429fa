/** Kilobytes (1,000 bytes) that reach a bundle: minified, gzipped, without the frameworks and without core where it is not meant. */
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

export type Sizes = Readonly<Record<string, number>>

const here = fileURLToPath(new URL('..', import.meta.url))
const built = (path: string) => ({
  entry: `${here}../packages/${path}`,
  external: ['@respond-async/*', 'express', 'hono', 'hono/*', 'itty-router', 'cloudflare:*', 'node:*'],
})
const byHand = (path: string) => ({ entry: `${here}servers/${path}`, external: ['express', 'hono', '@hono/*', 'itty-router', 'node:*'] })
const whole = (path: string) => ({ entry: path, external: [] })

const MEASURED: Readonly<Record<string, { entry: string; external: string[] }>> = {
  core: built('core/dist/index.js'),
  'core/fetch': built('core/dist/fetch.js'),
  express: built('express/dist/index.js'),
  hono: built('hono/dist/index.js'),
  workers: built('workers/dist/index.js'),
  'workers/durable-object': built('workers/dist/durable-object.js'),
  'hand-written routes, Express': byHand('express-hand-written.ts'),
  'hand-written routes, Hono': byHand('hono-hand-written.ts'),
  'hand-written routes, itty-router': byHand('itty-hand-written.ts'),
  'itty-router': whole('itty-router/Router'),
  'hono/tiny': whole('hono/tiny'),
}

export async function measureSizes(report: (line: string) => void): Promise<Sizes> {
  const sizes: Record<string, number> = {}
  for (const [name, { entry, external }] of Object.entries(MEASURED)) {
    const { outputFiles } = await build({
      stdin: { contents: `export * from ${JSON.stringify(entry)}`, resolveDir: here },
      external,
      ...{ bundle: true, minify: true, format: 'esm', platform: 'neutral', target: 'es2022', write: false, logLevel: 'error' },
      mainFields: ['module', 'main'],
    })
    sizes[name] = Number((gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length / 1000).toFixed(2))
    report(`size ${name}: ${sizes[name]} kB`)
  }
  return sizes
}
