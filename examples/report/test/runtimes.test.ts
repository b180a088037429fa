import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { buildReport } from '@respond-async/example-report'
import { type SampleName, sampleFile } from '@respond-async/example-report/sample-file'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, it } from 'vitest'

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const WORKER = `
import { buildReport } from './index.js'
export default {
  async fetch(request) {
    const { bytes, contentType } = await buildReport(new Uint8Array(await request.arrayBuffer()), request.headers.get('x-name'))
    return new Response(bytes, { headers: { 'content-type': contentType } })
  },
}`

let workerd: Miniflare

beforeAll(async () => {
  const bundle = await readFile(fileURLToPath(import.meta.resolve('@respond-async/example-report')), 'utf8')
  workerd = new Miniflare(
    convertV4MiniflareOptions({
      name: 'report',
      // No nodejs_compat: the module must do without Node.
      compatibilityDate: '2026-10-01',
      cf: false,
      modules: [
        { type: 'ESModule', path: 'worker.js', contents: WORKER },
        { type: 'ESModule', path: 'index.js', contents: bundle },
      ],
    }),
  )
  await workerd.ready
}, 60_000)

afterAll(() => workerd?.dispose())

it.each<SampleName>(['flights', 'flights-20k', 'bird-strikes'])(
  'gives the same bytes for %s on Node and on workerd',
  async (sample) => {
    const { path, name } = await sampleFile(sample)
    const file = await readFile(path)
    const response = await workerd.dispatchFetch('http://localhost/', { method: 'POST', body: file, headers: { 'x-name': name } })
    expect(response.headers.get('content-type')).toBe('application/pdf')
    expect(hash(new Uint8Array(await response.arrayBuffer()))).toBe(hash((await buildReport(file, name)).bytes))
  },
  180_000,
)
