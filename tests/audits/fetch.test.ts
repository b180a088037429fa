import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import { fetchTarget } from './fetch-target'
import { auditTarget, engineOf } from './targets'

auditTarget('a fetch handler on Node', async () => {
  const server = await new Promise<ServerType>((resolve) => {
    const listening = serve({ fetch: fetchTarget(engineOf), port: 0, hostname: '127.0.0.1' }, () => resolve(listening))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, path: '/jobs', close: () => void server.close() }
})
