/** Stands between a process and a server and counts. */
import { connect, createServer, type Socket } from 'node:net'

export interface Counted {
  /** How often something was sent on a connection after something had been answered on it. */
  readonly trips: number
  /** Bytes of what was sent and answered. */
  readonly bytes: number
}
export interface CountingProxy {
  /** The server's, through the proxy. */
  readonly url: string
  /** What was counted since the last call. */
  take(): Counted
  close(): void
}

export async function countingProxy(url: string): Promise<CountingProxy> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let trips = 0
  let bytes = 0
  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname)
    let answered = true
    for (const socket of [client, server]) {
      socket.setNoDelay()
      sockets.add(socket)
      socket.on('error', () => {}) // the other side ends it
    }
    client.on('data', (data) => {
      if (answered) trips++
      answered = false
      bytes += data.length
      server.write(data)
    })
    server.on('data', (data) => {
      answered = true
      bytes += data.length
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
      const counted = { trips, bytes }
      trips = 0
      bytes = 0
      return counted
    },
    close() {
      for (const socket of sockets) socket.destroy()
      proxy.close()
    },
  }
}
