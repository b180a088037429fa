import { type JobMessage, JobsError } from '@respond-async/core'
import { type ConnectionOptions, Queue } from 'bullmq'
import { type EngineSettings, isClient } from './engine'
import { cancellationsOf, messageId } from './message'
import { within } from './within'

/** How long a dispatch or a cancel may take, in milliseconds. After it the job waits in the store, where the sweeper finds it. */
const HAND_OVER_MS = 5_000
/** Approximate number of events that BullMQ keeps (its default is 10,000): nothing here reads them, but a dashboard may. */
const KEPT_EVENTS = 100
/** Approximate number of cancels that are kept, for workers that are connecting again. */
const KEPT_CANCELS = 1_000

/** Adds messages to the queue and removes them. Connects on first use. */
export function createProducer({ queue: name, connection, prefix, onError }: EngineSettings) {
  let queue: Queue<JobMessage> | undefined
  let opening: Promise<unknown> | undefined
  let closed = false

  /**
   * Resolves to the queue once Redis is connected. Calls wait for the first connection up to `HAND_OVER_MS`, later ones fail at once, so
   * that requests do not each wait while Redis is unavailable.
   */
  const connected = async (): Promise<Queue<JobMessage>> => {
    if (closed) throw new JobsError('draining', 'This engine was stopped.')
    queue ??= open()
    await opening
    return queue
  }
  const open = () => {
    const made = new Queue<JobMessage>(name, { connection: impatient(connection), prefix, streams: { events: { maxLen: KEPT_EVENTS } } })
    made.on('error', onError)
    const ready = made.waitUntilReady()
    opening = inTime(ready)
    const opened = () => {
      opening = ready
    }
    // Redis is too old, or the connection broke in between: the next call starts over.
    const failed = () => {
      queue = undefined
      made.close().catch(onError)
    }
    ready.then(opened, failed)
    return made
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
      const cancellations = from.getBackend().forQueue(cancellationsOf(name)) // over the same connection
      const drop = async (message: string) =>
        (await from.remove(message)) || cancellations.publishEvent({ event: 'cancel', message }, KEPT_CANCELS)
      await inTime(Promise.all(Array.from({ length: dispatch }, (_, at) => drop(messageId({ id, dispatch: at + 1 })))))
    },
    async close(): Promise<void> {
      closed = true
      if (!queue) return
      await inTime(queue.close()).catch(onError)
      // A connection that is lost at this moment was not closed by that: it would be opened again and again, and keep the process.
      if (!isClient(connection)) queue.disconnect().catch(() => {})
    },
  }
}

/** Options for a connection that refuses commands while it is down: queued ones would be sent when nobody needs them any more. */
const impatient = (connection: ConnectionOptions): ConnectionOptions =>
  isClient(connection) ? connection : { ...connection, enableOfflineQueue: false }

const inTime = <T>(work: Promise<T>) => within(HAND_OVER_MS, work, 'Redis did not answer in time')
