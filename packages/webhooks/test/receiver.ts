import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`
export const OTHER_SECRET = `whsec_${Buffer.from('another secret of thirty two byte').toString('base64')}`

interface Arrived {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Receiver {
  readonly origin: string
  readonly url: string
  readonly arrived: Arrived[]
  /** Resolves when so many messages have come. */
  until(count: number): Promise<void>
  close(): Promise<void>
}

type Respond = (res: ServerResponse, count: number) => void

/** A real receiver on a port of its own: notes what comes, and answers as it is told. */
export async function startReceiver(respond: Respond = (res) => void res.writeHead(204).end(), make = createServer): Promise<Receiver> {
  const arrived: Arrived[] = []
  let heard = () => {}
  const server: Server = make((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      arrived.push({ method: req.method ?? '', path: req.url ?? '', headers: req.headers, body: Buffer.concat(chunks).toString() })
      heard()
      respond(res, arrived.length)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    url: `${origin}/hooks?from=jobs`,
    arrived,
    async until(count) {
      while (arrived.length < count)
        await new Promise<void>((resolve) => {
          heard = resolve
        })
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
