/** Measured alone, in a process of its own with --expose-gc: what finished jobs leave in memory. `node retained.ts <contender> <jobs> <steps>` */
import type { Submission } from '@respond-async/core'
import { createJobs, memoryStore } from '@respond-async/core'
import { createJob, findJob, isOver, runJob } from '../servers/hand-written.ts'
import { buildReport, makeReport } from '../servers/report.ts'

export interface Retained {
  /** Heap in use beyond that of the empty process, in bytes, after each step. */
  readonly heap: readonly number[]
  /** Bytes of results in each job. */
  readonly bodyBytes: number
}

const asked = { month: '2026-10', rows: 1200, takesMs: 0 }
const result = () => JSON.stringify(makeReport(asked))

/** No more at once than the engine's queue takes by default. */
const BATCH = 500

/** Submits a batch, and resolves once all of it has finished. */
type Submit = (count: number) => Promise<void>

function withLibrary(): Submit {
  const jobs = createJobs({ store: memoryStore() })
  jobs.define('report', {}, async () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: result() }))
  const submission: Submission = {
    method: 'POST',
    url: '/reports',
    headers: { get: () => null },
    native: undefined,
    headerFields: () => ({ 'content-type': 'application/json' }),
    context: () => undefined,
    readBody: () => JSON.stringify(asked),
  }
  return async (count) => {
    const paths: string[] = []
    for (let made = 0; made < count; made++) {
      const answer = await jobs.accept('report', submission)
      if (answer?.status !== 202) throw new Error(`not accepted: ${answer?.status} ${answer?.body}`)
      paths.push(String(answer.headers.Location))
    }
    for (const path of paths) while ((await jobs.get(path.slice('/jobs/'.length)))?.status !== 'succeeded') await later()
  }
}

function byHand(): Submit {
  return async (count) => {
    const ids: string[] = []
    for (let made = 0; made < count; made++) {
      const job = createJob('report')
      setImmediate(runJob, job, () => buildReport(asked))
      ids.push(job.id)
    }
    for (const id of ids) for (let job = findJob(id); job && !isOver(job); job = findJob(id)) await later()
  }
}

const later = () => new Promise((resolve) => setImmediate(resolve))

async function heapInUse(): Promise<number> {
  if (!globalThis.gc) throw new Error('Run it with --expose-gc')
  for (let times = 0; times < 4; times++) {
    await later()
    globalThis.gc()
  }
  return process.memoryUsage().heapUsed
}

const [contender, jobs, steps] = process.argv.slice(2)
const submit = contender === 'respond-async' ? withLibrary() : byHand()
await submit(BATCH) // what is created or compiled once does not count as memory of a job
const empty = await heapInUse()
const heap: number[] = []
for (let step = 0; step < Number(steps); step++) {
  for (let made = 0; made < Number(jobs) / Number(steps); made += BATCH) await submit(BATCH)
  heap.push((await heapInUse()) - empty)
}
const retained: Retained = { heap, bodyBytes: Buffer.byteLength(result()) }
process.stdout.write(JSON.stringify(retained))
process.exit()
