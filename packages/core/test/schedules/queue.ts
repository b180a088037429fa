import type { JobEngine, JobMessage, Runner } from '../../src/index'
import { CONCURRENCY, sleep, type World } from './conditions'

interface Consumer {
  readonly run: Runner
  busy: number
}

/** A queue that others consume, and that delivers late, twice, in any order, or not at all. */
export function unsteadyQueue(world: World) {
  const { how, roll } = world
  const messages: { readonly message: JobMessage; readonly at: number }[] = []
  const consumers = new Set<Consumer>()
  const put = (message: JobMessage, delayMs: number) => messages.push({ message, at: Date.now() + delayMs })
  const engine = (): JobEngine => {
    let consumer: Consumer | undefined
    return {
      capabilities: {
        ...{ durable: true, remote: true, maxRunMs: null, delay: true, cancel: 'none' },
        transaction: how.transaction ? 'test' : undefined,
      },
      async prepare(message, { delayMs }) {
        return () => put(message, delayMs)
      },
      async dispatch(message, { delayMs }) {
        const fate = world.isCalm ? 9 : roll(10)
        if (fate === 0) return
        if (fate === 1) throw new Error('the queue is away')
        put(message, delayMs + (fate < 5 ? roll(8_000) : 0))
        if (fate === 2) put(message, delayMs + roll(20_000))
        if (fate === 3) throw new Error('the answer of the queue was lost')
      },
      async start(run) {
        consumer = { run, busy: 0 }
        consumers.add(consumer)
      },
      async stop(drainMs) {
        if (consumer) consumers.delete(consumer)
        for (let waited = 0; waited < drainMs && consumer && consumer.busy > 0; waited += 100) await sleep(100)
      },
    }
  }
  /** Delivers what is due, to whoever has room. */
  const deliver = () => {
    for (const due of messages.filter(({ at }) => at <= Date.now())) {
      const free = [...consumers].filter(({ busy }) => busy < CONCURRENCY)
      const consumer = free[roll(free.length)]
      if (!consumer) return
      messages.splice(messages.indexOf(due), 1)
      consumer.busy++
      const failed = () => ({ kind: 'retry', delayMs: 1_000 }) as const
      void consumer
        .run(due.message, {})
        .catch(failed)
        .then((outcome) => {
          consumer.busy--
          if (outcome.kind === 'retry') put(due.message, outcome.delayMs)
        })
    }
  }
  return { engine, deliver }
}
