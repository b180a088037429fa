import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One address before several processes: each request goes to the next of them. */
export async function startBalancer(ports: readonly number[]): Promise<{ readonly port: number; stop(): void }> {
  let turn = 0
  const server = createServer((req, res) => {
    const port = ports[turn++ % ports.length]
    const { method, url: path, headers } = req
    const forward = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    forward.on('error', () => res.destroy())
    req.pipe(forward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on a port
  return {
    port,
    stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}
