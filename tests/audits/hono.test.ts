import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import { Hono } from 'hono'
import { validator } from 'hono/validator'
import { honoTarget } from './hono-target'
import { auditTarget, engineOf, type RunningTarget } from './targets'

async function onNode(app: Hono, prefix = ''): Promise<RunningTarget> {
  const server = await new Promise<ServerType>((resolve) => {
    const listening = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(listening))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`
  return { url, path: `${prefix}/jobs`, close: () => void server.close() }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Has read the body by the time the handler runs, whatever it is. */
const readsAll = validator('header', async (_, c) => ({ size: (await c.req.arrayBuffer()).byteLength }))

auditTarget('Hono in process', () => {
  const app = honoTarget({ engine: engineOf })
  // A poll takes a turn of the event loop, as it does over a socket: jobs begin in one.
  const fetch: RunningTarget['fetch'] = (url, init) => turn().then(() => app.request(url, init))
  return { url: 'http://localhost', path: '/jobs', fetch }
})
auditTarget('Hono on Node', () => onNode(honoTarget({ engine: engineOf })))
auditTarget('Hono on Node, behind a validator that reads the body', () => onNode(honoTarget({ engine: engineOf, before: readsAll })))
auditTarget('Hono on Node, as a sub-app of a sub-app', () => {
  const inner = new Hono().route('/v1', honoTarget({ engine: engineOf, prefix: '/api/v1' }))
  return onNode(new Hono().route('/api', inner), '/api/v1')
})
auditTarget('Hono on Node, under a base path', () =>
  onNode(new Hono().basePath('/base').route('/', honoTarget({ engine: engineOf, prefix: '/base' })), '/base'),
)
