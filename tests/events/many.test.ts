import { type JobStore, memoryStore } from '@respond-async/core'
import { expect, it, onTestFinished, vi } from 'vitest'
import { FRAMEWORKS, start, steadily } from './service'
import { numbersIn, watchers } from './watchers'

const WATCHERS = 1_000
const STEPS = 100

/** A store in memory, and how often it was read and watched. */
function countedStore() {
  const alone = memoryStore()
  const counted = { reads: 0 }
  const store: JobStore = {
    ...alone,
    get(id, view) {
      counted.reads++
      return alone.get(id, view)
    },
  }
  return { store, counted }
}

it.each(Object.keys(FRAMEWORKS))(
  `${WATCHERS} watchers of one job with ${STEPS} reports of progress cost one read, and each hears the end and nothing twice: %s`,
  async (framework) => {
    const { store, counted } = countedStore()
    const { work, begin, went } = steadily(STEPS)
    const service = await start(framework, work, { store })
    onTestFinished(service.close)
    const at = await service.submit()
    // The first of them sets the pace: the next step is made when it has heard of the last.
    const all = await watchers(`${at}/events`, WATCHERS, (piece, which) => which === 0 && went(numbersIn(piece, 'percentComplete').at(-1)))
    await vi.waitFor(() => expect(counted.reads).toBeGreaterThanOrEqual(WATCHERS)) // each request looks whose job it is
    const before = counted.reads
    begin()
    let told = 0
    for (const { all: whole } of all) {
      const text = await whole
      const percentages = numbersIn(text, 'percentComplete')
      expect(percentages).toEqual([...percentages].sort((a, b) => a - b))
      const ids = numbersIn(text, 'id')
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b))
      expect(text).toMatch(/event: succeeded\ndata: [^\n]*"status":"succeeded"[^\n]*"percentComplete":100[^\n]*"result":\{"made":true\}/)
      told += percentages.length
    }
    expect(counted.reads - before).toBeLessThanOrEqual(1)
    // Whoever reads slowly may miss some; nobody here does.
    expect(told).toBeGreaterThan(0.9 * WATCHERS * STEPS)
  },
)
