/** The watching clients, in a process of their own: opens as many streams as it is told to, and reports how late their events came. */
import { connect } from 'node:net'
import { quantile } from '../harness/statistics.ts'

export interface WatchOrder {
  readonly port: number
  readonly path: string
  readonly watchers: number
}
export interface WatchResult {
  readonly kind: 'done'
  /** Events that all watchers together got, the first and the last included. */
  readonly delivered: number
  /** Watchers that got the last event. */
  readonly finished: number
  /** Milliseconds from the report of a step until a watcher has it. */
  readonly lag: { readonly p50: number; readonly p99: number }
  /** What one of them was sent. */
  readonly head: string
  readonly event: string
}
export type WatchMessage = { readonly kind: 'watching' } | WatchResult

const AT_ONCE = 100

async function watch({ port, path, watchers }: WatchOrder): Promise<void> {
  let delivered = 0
  let finished = 0
  let open = 0
  let head = ''
  let event = ''
  const lags: number[] = []
  const one = () =>
    new Promise<void>((resolve) => {
      open++
      const socket = connect(port, '127.0.0.1')
      socket.setEncoding('latin1')
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
      socket.on('data', (data: unknown) => {
        const piece = String(data)
        const now = performance.timeOrigin + performance.now()
        if (head === '') head = piece.slice(0, piece.indexOf('\r\n\r\n'))
        for (let at = piece.indexOf('\nevent: '); at >= 0; at = piece.indexOf('\nevent: ', at + 1)) {
          delivered++
          if (piece.startsWith('progress', at + 8)) {
            const from = piece.indexOf('"message":"', at) + 11
            lags.push(now - Number(piece.slice(from, piece.indexOf('"', from))))
            event ||= piece.slice(piece.indexOf('data: ', at), piece.indexOf('\n\n', at))
          } else if (piece.startsWith('succeeded', at + 8)) finished++
        }
        if (delivered > 0) resolve()
      })
      socket.on('close', () => {
        if (--open > 0) return
        lags.sort((a, b) => a - b)
        process.send?.({ kind: 'done', delivered, finished, lag: { p50: quantile(lags, 0.5), p99: quantile(lags, 0.99) }, head, event })
      })
    })
  for (let left = watchers; left > 0; left -= AT_ONCE) await Promise.all(Array.from({ length: Math.min(AT_ONCE, left) }, one))
  process.send?.({ kind: 'watching' })
}

process.on('message', (order) => void watch(order as WatchOrder))
process.on('disconnect', () => process.exit())
