import { afterAll, beforeAll, expect, it } from 'vitest'
import { startWorkerd, type Workerd } from '../workerd'
import { numbersIn, watchers } from './watchers'

let worker: Workerd
beforeAll(async () => {
  worker = await startWorkerd(new URL('../workers/events.ts', import.meta.url), { objects: { JOBS: 'JobObject' } })
}, 60_000)
afterAll(() => worker?.close())

/** One request cannot write to another's answer there: each reads for itself, so there are fewer. */
const WATCHERS = 50

it(`in workerd ${WATCHERS} watchers of a job with 100 reports of progress hear the end, and no percentage lower than one before`, async () => {
  const answer = await fetch(`${worker.url}/work`, { method: 'POST' })
  const at = `${worker.url}${answer.headers.get('location')}`
  for (const { all } of await watchers(`${at}/events`, WATCHERS)) {
    const text = await all
    const percentages = numbersIn(text, 'percentComplete')
    expect(percentages.length).toBeGreaterThan(2)
    expect(percentages).toEqual([...percentages].sort((a, b) => a - b))
    expect(text).toMatch(/event: succeeded\ndata: [^\n]*"status":"succeeded"[^\n]*"result":\{"made":true\}/)
  }
})
