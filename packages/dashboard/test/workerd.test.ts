import { readFileSync } from 'node:fs'
import { build, type Plugin } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { expect, test } from 'vitest'
import { BUNDLE } from '../src/bundle'
import { PAGE } from './service'

const WORKER = `
import { createJobs, memoryStore } from '@respond-async/core'
import { dashboard } from '${new URL('../src/index.ts', import.meta.url).pathname}'
const jobs = createJobs({ store: memoryStore(), newId: () => 'one' })
jobs.define('quick', {}, async () => ({ status: 200, headers: {}, body: 'done' }))
const handle = dashboard(jobs, { path: '/admin/jobs', access: (request) => request.headers.get('x-user') === 'operator' })
export default {
  async fetch(request, env, ctx) {
    if (request.method === 'PUT') return Response.json(await jobs.submit('quick', {}).catch(() => null))
    return (await handle(request, env, ctx)) ?? new Response('the application', { status: 404 })
  },
}`

/** As tsup.config.ts does it: the page goes in as text. */
const page: Plugin = {
  name: 'page',
  setup: (building) =>
    building.onLoad({ filter: /src\/bundle\.ts$/ }, () => ({ contents: `export const BUNDLE = ${JSON.stringify(BUNDLE)}`, loader: 'js' })),
}

test('it loads and answers in workerd, where there is no file system', async () => {
  const { outputFiles } = await build({
    ...{
      stdin: { contents: WORKER, resolveDir: new URL('.', import.meta.url).pathname },
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2022',
    },
    ...{ conditions: ['@respond-async/source', 'workerd', 'worker', 'browser'], plugins: [page] },
  })
  const contents = outputFiles[0]?.text ?? ''
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...{ name: 'worker', compatibilityDate: '2024-09-01', cf: false, host: '127.0.0.1', port: 0 },
      modules: [{ type: 'ESModule', path: 'worker.mjs', contents }],
    }),
  )
  try {
    const { origin } = await miniflare.ready
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(`${origin}/admin/jobs${path}`, { ...init, headers: { 'x-user': 'operator', ...PAGE, ...init.headers } })
    expect((await ask('/', { headers: { 'x-user': 'somebody' } })).status).toBe(404)
    const document = await (await ask('/')).text()
    const [, script = ''] = /src="(assets\/[^"]+\.js)"/.exec(document) ?? []
    const answer = await ask(`/${script}`)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8'])
    expect(await answer.text()).toBe(BUNDLE.script.text)
    expect(await (await ask('/api/jobs')).json()).toEqual({ jobs: [] })
    expect(await (await fetch(origin)).text()).toBe('the application')
  } finally {
    await miniflare.dispose()
  }
}, 60_000)

test('the licences of what is in the script are in it, and in the list', () => {
  const list = readFileSync(new URL('../THIRD-PARTY.md', import.meta.url), 'utf8')
  for (const name of ['chart.js', '@kurkle/color'])
    expect(BUNDLE.script.text.toLowerCase()).toContain(name === 'chart.js' ? 'chart.js v' : name)
  const { devDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  for (const name of ['preact', 'chart.js']) expect(list).toMatch(new RegExp(`\\[${name}\\]\\(\\S+\\) ${devDependencies[name]} `))
})
