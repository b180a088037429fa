/**
 * How long a page of a list takes where an owner has 10 thousand jobs and where it has a million: `node tests/scale/object-index.ts`,
 * from the root of the repository. Takes a minute and 1 GB of disk. The lists are asked for inside of workerd, 100 in a row.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startWorkerd } from '../workerd.ts'

const persist = mkdtempSync(join(tmpdir(), 'respond-async-index-'))
const workerd = await startWorkerd(new URL('../workers/index-scale.ts', import.meta.url), { objects: { JOBS: 'FilledObject' }, persist })
const ask = async (path: string) => (await fetch(`${workerd.url}${path}`)).json()
const TIMES = 100
const PART = 50_000
const LISTS = {
  newest: '',
  'from the middle': '&cursor=middle',
  'one state of five': '&status=succeeded',
  'two rare states': '&status=queued,running',
  'a state that none is in': '&status=failed',
}

try {
  let filled = 0
  for (const jobs of [10_000, 1_000_000]) {
    let bytes: unknown
    for (; filled < jobs; filled = Math.min(jobs, filled + PART))
      bytes = await ask(`/fill?from=${filled + 1}&to=${Math.min(jobs, filled + PART)}`)
    console.log(`${jobs} jobs, ${Math.round(Number(bytes) / 1e6)} MB`)
    for (const [name, query] of Object.entries(LISTS)) {
      const path = `/?times=${TIMES}${query.replace('middle', `${jobs / 2}_x`)}`
      await ask(path)
      const rounds: number[] = []
      for (let round = 0; round < 9; round++) {
        const started = performance.now()
        const found = await ask(path)
        rounds.push((performance.now() - started) / TIMES)
        if (round === 8) console.log(`  ${name}: ${rounds.sort((a, b) => a - b)[4]?.toFixed(2)} ms a list of ${found}`)
      }
    }
  }
} finally {
  await workerd.close()
  rmSync(persist, { recursive: true, force: true })
}
