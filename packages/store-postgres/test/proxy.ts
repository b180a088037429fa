import { connect, createServer, type Socket } from 'node:net'

export interface Proxy {
  /** The server's, through the proxy. */
  readonly url: string
  /** How often something was sent after something had been answered, and the bytes of the answers. From here on 0 again. */
  take(): { trips: number; bytes: number }
  close(): Promise<void>
}

/** Stands between a client and the server and counts. */
export async function countingProxy(url: string): Promise<Proxy> {
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
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => {})
    }
    client.on('data', (data) => {
      if (answered) trips++
      answered = false
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
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => proxy.close(resolve))
    },
  }
}
