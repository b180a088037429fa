/** Serves an audit target on the Node that runs this file, once it is JavaScript, and prints where: express, hono or fetch. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { inProcess } from '@respond-async/core'
import type { AuditSet } from '@respond-async/http-audits/target'
import express from 'express'
import { expressTarget } from '../audits/express-target'
import { fetchTarget } from '../audits/fetch-target'
import { honoTarget } from '../audits/hono-target'

const engine = (set: AuditSet) => inProcess(set.engine)
const servers: Record<string, () => Server> = {
  express: () => createServer(expressTarget(express())),
  hono: () => createAdaptorServer({ fetch: honoTarget({ engine }).fetch }) as Server, // of HTTP/1.1, as nothing else is asked for
  fetch: () => createAdaptorServer({ fetch: fetchTarget(engine) }) as Server,
}

const server = servers[process.argv[2] ?? '']?.()
if (!server) throw new Error(`One of ${Object.keys(servers).join(', ')} is served.`)
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
