import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A client that only gathers what it is sent: a thousand of them cost less than the server that they watch. */
export interface Watcher {
  readonly socket: Socket
  /** All that it was sent, the head of the response too, once the connection has ended. */
  readonly all: Promise<string>
}

/** So many connections are opened at once: a listening socket's queue is short. */
const AT_ONCE = 100

/** Opens as many streams of events, and resolves when each has been sent its first. `heard` is told of each piece that one of them gets. */
export async function watchers(url: string, count: number, heard: (piece: string, which: number) => void = () => {}): Promise<Watcher[]> {
  const list: Watcher[] = []
  while (list.length < count) {
    const more = Array.from({ length: Math.min(AT_ONCE, count - list.length) }, (_, n) => {
      const which = list.length + n
      return watcher(new URL(url), (piece) => heard(piece, which))
    })
    list.push(...(await Promise.all(more)))
  }
  return list
}

async function watcher({ hostname, port, pathname, host }: URL, heard: (piece: string) => void): Promise<Watcher> {
  const socket = connect(Number(port), hostname)
  socket.setEncoding('utf8').write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  const pieces: string[] = []
  const all = once(socket, 'close').then(() => pieces.join(''))
  const first = new Promise<void>((resolve) => {
    socket.on('data', (piece: string) => {
      pieces.push(piece)
      if (piece.includes('\ndata: ')) resolve()
      heard(piece)
    })
  })
  await Promise.race([first, all])
  return { socket, all }
}

/** The numbers that follow a name in what was heard: `percentComplete`, or `id` of the events. */
export const numbersIn = (text: string, name: 'percentComplete' | 'id'): number[] =>
  [...text.matchAll(name === 'id' ? /^id: (\d+)$/gm : /"percentComplete":([\d.]+)/g)].map(([, number]) => Number(number))
