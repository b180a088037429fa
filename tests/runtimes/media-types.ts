/**
 * Serves handlers that leave it to the runtime to say what they send, on the runtime that runs this file, and prints how many results
 * say the same as the handler without a wrapper.
 */
import { createJobs } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/core/fetch'
import { jobRoutes as honoRoutes, respondAsync as wrapped } from '@respond-async/hono'
import { type Context, Hono } from 'hono'

type Serve = (request: Request) => Response | Promise<Response>
declare const Bun: { serve(options: object): { port: number; stop(now: boolean): unknown } } | undefined
declare const Deno: { serve(options: object, handler: Serve): { addr: { port: number }; shutdown(): unknown } } | undefined

const BODIES = { text: () => 'Grüße', bytes: () => new Uint8Array([0, 255]), blob: () => new Blob(['<svg/>'], { type: 'image/svg+xml' }) }
const app = new Hono()
const ofFetch = createJobs<Request>({ path: '/fetch' })
const ofHono = createJobs<Context>({ path: '/hono' })
for (const [name, body] of Object.entries(BODIES)) {
  const respond = () => new Response(body())
  const create = respondAsync(ofFetch, name, respond)
  app.get(`/fetch-${name}/bare`, respond)
  app.get(`/fetch-${name}/job`, (c) => create(c.req.raw))
}
const text = (c: Context) => c.text('Grüße')
app.get('/hono-text/bare', text)
app.get('/hono-text/job', wrapped(ofHono, 'text', text))
app.route('/hono', honoRoutes(ofHono))
const answer = jobRoutes(ofFetch)
app.all('/fetch/*', async (c) => (await answer(c.req.raw)) ?? c.notFound())

const where = { port: 0, hostname: '127.0.0.1' }
const bun = typeof Bun === 'undefined' ? undefined : Bun.serve({ ...where, fetch: app.fetch })
const deno = typeof Deno === 'undefined' ? undefined : Deno.serve({ ...where, onListen() {} }, app.fetch)
const get = (path: string, prefer = '') => fetch(`http://127.0.0.1:${bun?.port ?? deno?.addr.port}${path}`, { headers: { prefer } })

const failures: string[] = []
const routes = [...Object.keys(BODIES).map((name) => `fetch-${name}`), 'hono-text']
for (const route of routes) {
  const said = (await get(`/${route}/bare`)).headers.get('content-type')
  const accepted = await get(`/${route}/job`)
  const status = `${accepted.headers.get('location')}`
  while ((await get(status, 'wait=20')).status === 202);
  const result = (await get(`${status}/result`)).headers.get('content-type')
  if (result?.toLowerCase().replace(' ', '') !== said?.toLowerCase().replace(' ', '')) failures.push(`${route}: ${result}, not ${said}`)
}
bun?.stop(true)
deno?.shutdown()
console.log(JSON.stringify({ passed: routes.length - failures.length, failures, skipped: 0 }))
