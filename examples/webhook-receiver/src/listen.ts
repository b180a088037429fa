import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'

export interface Listening {
  readonly origin: string
  readonly server: Server
}

/** Starts an app on a port of this machine; 0 takes any free one. */
export async function listen(app: Express, port = 0): Promise<Listening> {
  const server = createServer(app).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}
