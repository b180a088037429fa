/** How a Node contender talks to the harness: it sends its port and, when asked, its CPU time and how much work it has done. */
import type { AddressInfo, Server } from 'node:net'
import { builtSoFar } from './report.ts'

export function listen(server: Pick<Server, 'listen' | 'address'>): void {
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
  process.on('message', (what) => {
    if (what === 'cpu') process.send?.({ cpu: process.cpuUsage() })
    if (what === 'built') process.send?.({ built: builtSoFar() })
    if (what === 'memory') process.send?.({ memory: memoryBytes() })
    if (what === 'exit') process.exit() // orderly, so that --cpu-prof writes its file
  })
  process.on('disconnect', () => process.exit())
}

/** Heap and buffers in bytes, after a collection where `--expose-gc` allows one. */
function memoryBytes(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Whether the body is parsed by the framework's middleware, as most people have it, or read by the handler itself. */
export const behindParser = process.argv[2] !== 'no-parser'
