/** Both contenders of a framework must send the same, or their figures cannot be compared. Expects a build. */
import { expect, test } from 'vitest'
import { EVENT_GROUPS, startEventServer, startWatchers, watchOnce } from '../events/measure.ts'

const WATCHERS = 3
const fieldsOf = (head: string) =>
  head
    .split('\r\n')
    .filter((line) => !/^(?:date|keep-alive):/i.test(line))
    .map((line) => line.toLowerCase())
    .sort()

async function watched(framework: string, kind: string) {
  const load = startWatchers()
  const server = await startEventServer(framework, kind)
  try {
    return await watchOnce(load, server.port, WATCHERS, () => {})
  } finally {
    load.kill()
    await server.stop()
  }
}

test.concurrent.each(EVENT_GROUPS)('$title: the same status, header fields, size and number of events', async ({ name }) => {
  const seen = await Promise.all([watched(name, 'broadcaster'), watched(name, 'respond-async')])
  const [byHand, ours] = seen
  expect(fieldsOf(ours.head)).toEqual(fieldsOf(byHand.head))
  expect(byHand.event).not.toBe('')
  expect(Math.abs(ours.event.length / byHand.event.length - 1)).toBeLessThan(0.05)
  // By hand each watcher hears of the start as well, if it was there before it.
  for (const one of seen) expect(Math.abs(one.delivered - WATCHERS * 102)).toBeLessThanOrEqual(WATCHERS)
})
