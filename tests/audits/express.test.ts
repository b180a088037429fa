import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express5, { type Express } from 'express'
import express4 from 'express4'
import { type ExpressModule, expressTarget } from './express-target'
import { auditTarget, type RunningTarget } from './targets'

async function listening(app: Express, prefix = ''): Promise<RunningTarget> {
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`
  return {
    url,
    path: `${prefix}/jobs`,
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

const versions: Record<string, ExpressModule> = { 'Express 5': express5, 'Express 4': express4 }

for (const [version, express] of Object.entries(versions)) {
  auditTarget(version, () => listening(expressTarget(express())))
  auditTarget(`${version}, behind parsers that read the body`, () => {
    const [json, raw] = [express.json({ limit: '50mb' }), express.raw({ type: () => true, limit: '50mb' })]
    return listening(
      expressTarget(express(), { before: (req, res, next) => json(req, res, (error) => (error ? next(error) : raw(req, res, next))) }),
    )
  })
  auditTarget(`${version}, under a prefix`, () => listening(express().use('/api', expressTarget(express(), { prefix: '/api' })), '/api'))
  auditTarget(`${version}, in a sub-router`, () => {
    const inner = express.Router().use('/v1', expressTarget(express.Router(), { prefix: '/api/v1' }))
    return listening(express().use('/api', inner), '/api/v1')
  })
}
