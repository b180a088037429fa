/** Stands between a process and a server and counts. */
import { connect, createServer, type Socket } from 'node:net'

interface Counted {
  /** How often something was sent on a connection after something had been answered on it. */
  readonly trips: number
  /** Bytes of what was sent, and of what was answered. */
  readonly sent: number
  readonly answered: number
}
export interface CountingProxy {
  /** The server's, through the proxy. */
  readonly url: string
  /** What was counted since the last call. */
  take(): Counted
  close(): Promise<void>
}

export async function countingProxy(url: string): Promise<CountingProxy> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let counted: Counted = NOTHING
  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname)
    let isAnswered = true
    for (const socket of [client, server]) {
      socket.setNoDelay()
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => {}) // the other side ends it
    }
    client.on('data', (data) => {
      counted = { ...counted, trips: counted.trips + (isAnswered ? 1 : 0), sent: counted.sent + data.length }
      isAnswered = false
      server.write(data)
    })
    server.on('data', (data) => {
      isAnswered = true
      counted = { ...counted, answered: counted.answered + data.length }
      client.write(data)
    })
    client.on('close', () => server.destroy())
    server.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const address = proxy.address()
  if (typeof address !== 'object' || !address) throw new Error('The proxy has no port')
  const through = new URL(url)
  through.port = `${address.port}`
  return {
    url: through.href,
    take() {
      const taken = counted
      counted = NOTHING
      return taken
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => proxy.close(resolve))
    },
  }
}

const NOTHING: Counted = { trips: 0, sent: 0, answered: 0 }
