import { type JobMessage, JobsError } from '@respond-async/core'
import { type ConnectionOptions, Queue, QueueEventsProducer } from 'bullmq'
import type { EngineSettings } from './engine'
import { cancellationsOf, messageId } from './message'
import { within } from './within'

/** How long a dispatch or a cancel may take, in milliseconds. After it the job waits in the store, where the sweeper finds it. */
const HAND_OVER_MS = 5_000
/** Approximate number of events that BullMQ keeps (its default is 10,000): nothing here reads them, but a dashboard may. */
const KEPT_EVENTS = 100

/** Adds messages to the queue and removes them. Connects on first use. */
export function createProducer({ queue: name, connection, prefix, onError }: EngineSettings) {
  let queue: Queue<JobMessage> | undefined
  let opening: Promise<unknown> | undefined
  let isOpen = false
  let teller: QueueEventsProducer | undefined
  let closed = false

  /**
   * Resolves to the queue once Redis is connected. Calls wait for the first connection up to `HAND_OVER_MS`, later ones fail at once, so
   * that requests do not each wait while Redis is unavailable.
   */
  const connected = async (): Promise<Queue<JobMessage>> => {
    if (closed) throw new JobsError('draining', 'This engine was stopped.')
    queue ??= open()
    if (!isOpen) await opening
    return queue
  }
  const open = () => {
    const made = new Queue<JobMessage>(name, { connection: impatient(connection), prefix, streams: { events: { maxLen: KEPT_EVENTS } } })
    made.on('error', onError)
    const ready = made.waitUntilReady().then(() => {
      isOpen = true
    })
    // Redis is too old, or the connection broke in between: the next call starts over.
    ready.catch(() => {
      queue = undefined
      made.close().catch(onError)
    })
    opening = inTime(ready)
    return made
  }
  /** Notifies workers over the connection of the queue. */
  const tell = async (from: Queue<JobMessage>, message: string) => {
    const client = await from.getBackend().client
    if (!teller) {
      teller = new QueueEventsProducer(cancellationsOf(name), { connection: client, prefix })
      teller.on('error', () => {}) // the queue reports them; without a listener BullMQ logs them
    }
    await teller.publishEvent({ eventName: 'cancel', message })
  }

  return {
    async add(message: JobMessage, delayMs: number): Promise<void> {
      const options = { jobId: messageId(message), delay: delayMs, removeOnComplete: true, removeOnFail: true }
      const to = await connected()
      await inTime(to.add(message.operation, message, options))
    },
    /**
     * Removes the messages of all hand-overs so far, the job may run by any of them. Of one that is being run, workers are notified, and
     * the one that has it stops.
     */
    async cancel(id: string, dispatch: number): Promise<void> {
      if (closed) return // the worker that gets the message will find the job canceled
      const from = await connected()
      const drop = async (message: string) => {
        if ((await from.remove(message)) === 0) await tell(from, message)
      }
      await inTime(Promise.all(Array.from({ length: dispatch }, (_, at) => drop(messageId({ id, dispatch: at + 1 })))))
    },
    async close(): Promise<void> {
      closed = true
      if (!queue) return
      await inTime(queue.close()).catch(onError)
      // A connection that is lost at this moment was not closed by that: it would be opened again and again, and keep the process.
      if (isOpen && !isClient(connection)) (await queue.getBackend().client).disconnect()
    },
  }
}

/** Options for a connection that refuses commands while it is down: queued ones would be sent when nobody needs them any more. */
const impatient = (connection: ConnectionOptions): ConnectionOptions =>
  isClient(connection) ? connection : { ...connection, enableOfflineQueue: false }
const isClient = (connection: ConnectionOptions) => 'duplicate' in connection

const inTime = <T>(work: Promise<T>) => within(HAND_OVER_MS, work, 'Redis did not answer in time')
