import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterEach, expect, test } from 'vitest'
import { closeServers, serve } from './server'

const WORKER = `
import { createClient } from '${new URL('../src/index.ts', import.meta.url).pathname}'
export default {
  async fetch(request) {
    const client = createClient({ baseUrl: request.headers.get('x-server'), headers: { authorization: 'Bearer secret' }, minPollMs: 50 })
    const form = new FormData()
    form.append('file', new Blob(['rows']), 'rows.csv')
    const job = await client.submit('/reports', { body: form })
    const seen = []
    for await (const { status } of job) seen.push(status)
    return Response.json({ seen, result: await job.json(), url: job.url })
  },
}`

afterEach(closeServers)

test('the client runs in workerd: a form, a stream that breaks, polls, a result elsewhere', async () => {
  const elsewhere = await serve(() => [200, {}, { ok: true }])
  const server = await serve(({ method, headers }, at, res) => {
    const document = { status: 'running', links: { events: '/jobs/1' } }
    if (method === 'POST') return [202, { location: '/jobs/1' }, { ...document, status: 'queued' }]
    if (headers.accept === 'text/event-stream' && at === 1) {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.end(`retry: 10\n\nid: 2\ndata: ${JSON.stringify(document)}\n\nid: 3\ndata: {`)
      return undefined
    }
    if (headers.accept === 'text/event-stream') return [404]
    return at < 4 ? [202, {}, document] : [303, { location: `${elsewhere.url}/result` }]
  })
  const contents = (
    await build({
      ...{ stdin: { contents: WORKER, resolveDir: process.cwd() }, bundle: true, write: false, format: 'esm', target: 'es2022' },
      conditions: ['@respond-async/source', 'workerd', 'worker', 'browser'],
    })
  ).outputFiles[0]?.text
  // No flag for Node: what the client needs is what every runtime has.
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...{ name: 'worker', compatibilityDate: '2024-09-01', cf: false, host: '127.0.0.1', port: 0 },
      modules: [{ type: 'ESModule', path: 'worker.mjs', contents: contents ?? '' }],
    }),
  )
  try {
    const answer = await fetch(await miniflare.ready, { headers: { 'x-server': server.url } })
    expect(await answer.json()).toEqual({ seen: ['queued', 'running', 'succeeded'], result: { ok: true }, url: `${server.url}/jobs/1` })
    expect(server.asked.every(({ headers }) => headers.authorization === 'Bearer secret')).toBe(true)
    const [, boundary = '?'] = /boundary="?([^"]+)"?$/.exec(server.asked[0]?.headers['content-type'] ?? '') ?? []
    expect(server.asked[0]?.body).toMatch(/filename="?rows.csv/)
    expect(server.asked[0]?.body).toContain(`--${boundary}--`)
    expect(JSON.stringify(elsewhere.asked)).not.toContain('secret')
  } finally {
    await miniflare.dispose()
  }
}, 60_000)
