import type { Listen } from './watchers'

/** The part of a `Client` of pg that is used to listen, on a connection of its own. */
export interface ListenClient {
  connect(): Promise<unknown>
  query(text: string): Promise<unknown>
  on(event: 'notification', hear: (message: { payload?: string | undefined }) => void): unknown
  on(event: 'error', fail: (error: Error) => void): unknown
  on(event: 'end', end: () => void): unknown
  end(): Promise<unknown>
}

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000
/** How long connecting may take, in milliseconds: without a limit, a connection that never answers would end all further tries. */
const CONNECT_MS = 10_000

/**
 * Listens on a connection of its own. Rejects if the first connection fails, since it is then probably misconfigured. A connection that is
 * lost later is made again, with growing pauses, without end.
 */
export const listenWith =
  (channel: string, newClient: () => ListenClient): Listen =>
  async (hear, listening) => {
    let current: ListenClient
    let timer: ReturnType<typeof setTimeout> | undefined
    let closed = false

    const connect = async () => {
      const client = newClient()
      let lost = false
      const lose = () => {
        if (lost) return
        lost = true
        if (client === current) again(FIRST_PAUSE_MS)
      }
      client.on('notification', ({ payload }) => payload !== undefined && hear(payload))
      client.on('error', lose)
      client.on('end', lose)
      try {
        await within(
          CONNECT_MS,
          client.connect().then(() => client.query(`LISTEN ${channel}`)),
        )
      } catch (error) {
        client.end().catch(() => {}) // the first error is the one to report
        throw error
      }
      if (closed) return client.end()
      current = client
      if (lost) again(FIRST_PAUSE_MS)
      else listening()
    }
    const again = (pauseMs: number) => {
      if (closed) return
      timer = setTimeout(
        () => connect().catch(() => again(Math.min(pauseMs * 2, LONGEST_PAUSE_MS))),
        // Jittered, so that not all instances reconnect at once when the server comes back.
        pauseMs * (0.5 + Math.random()),
      )
    }

    await connect()
    return async () => {
      closed = true
      clearTimeout(timer)
      await current.end()
    }
  }

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The listening connection did not answer within ${ms} ms.`)), ms)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}
