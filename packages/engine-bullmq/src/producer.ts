import { type JobMessage, JobsError } from '@respond-async/core'
import { type ConnectionOptions, Queue, QueueEventsProducer } from 'bullmq'
import type { EngineSettings } from './engine'
import { cancellationsOf, messageId } from './message'

/** How long a hand-over may take, in milliseconds. After it the job waits in the store, where the sweeper finds it. */
const HAND_OVER_MS = 5_000
/** Events that BullMQ keeps of the queue, roughly: nothing here reads them, a dashboard may. Its own default is 10,000. */
const KEPT_EVENTS = 100

/** The side of the queue that adds and removes. Connects when it is first used. */
export function createProducer({ queue: name, connection, prefix, onError }: EngineSettings) {
  let queue: Queue<JobMessage> | undefined
  let opening: Promise<void> | undefined
  let isOpen = false
  let teller: QueueEventsProducer | undefined
  let closed = false

  /**
   * The queue, once Redis has been there. The first to ask waits a while, and those who come after that are refused at once:
   * requests that are taken while Redis is away do not wait, each for itself.
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
    // Too old a Redis, or a connection that broke in between: the next one begins anew.
    ready.catch(() => {
      queue = undefined
      made.close().catch(onError)
    })
    opening = inTime(ready)
    return made
  }

  return {
    async add(message: JobMessage, delayMs: number): Promise<void> {
      const options = { jobId: messageId(message), delay: delayMs, attempts: 1, removeOnComplete: true, removeOnFail: true }
      const to = await connected()
      await inTime(to.add(message.operation, message, options))
    },
    /** Removes a message that waits. One that is not there runs, or has run: workers are told, and the one that has it stops. */
    async cancel(id: string, dispatch: number): Promise<void> {
      if (closed) return // whoever gets the message will find the job canceled
      const message = messageId({ id, dispatch })
      const from = await connected()
      if ((await inTime(from.remove(message))) === 1) return
      teller ??= new QueueEventsProducer(cancellationsOf(name), { connection: await from.getBackend().client, prefix })
      await inTime(teller.publishEvent({ eventName: 'cancel', message }))
    },
    async close(): Promise<void> {
      closed = true
      await queue?.close().catch(onError)
    },
  }
}

/** Options of a connection that refuses commands while it is down: those that waited would be sent when nobody needs them any more. */
function impatient(connection: ConnectionOptions): ConnectionOptions {
  const isClient = 'duplicate' in connection && typeof connection.duplicate === 'function'
  return isClient ? connection : { ...connection, enableOfflineQueue: false }
}

function inTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`Redis did not answer within ${HAND_OVER_MS} ms`))
    const timer = setTimeout(late, HAND_OVER_MS)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
