/** A process that shares a file with others: `node worker.mjs <what> <file> <name>`. Begins when its stdin says since when, in epoch milliseconds. */
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { sqliteStore } from '../src/index'
import { record } from './record'

const [, , what = '', path = '', name = ''] = process.argv
const say = (line: unknown) => writeSync(1, `${JSON.stringify(line)}\n`)

const work: Record<string, () => Promise<void>> = {
  /** Opens forty files that may not be there yet, each at the same moment as the others do. */
  async open() {
    for (let n = 0; n < 40; n++) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.max(0, begin + 25 * n - Date.now()))
      const store = sqliteStore({ path: `${path}-${n}`, maxEvents: 10 })
      await store.insert(record({ id: name }))
      await store.close?.()
    }
  },
  /** A hundred jobs with keys that all the others use too; says which job holds each. */
  async insert() {
    const store = sqliteStore({ path })
    for (let n = 0; n < 100; n++) {
      const { inserted, job } = await store.insert(record({ id: `${name}-${n}`, idempotencyKey: `key-${n}`, requestBody: name }))
      say({ n, inserted, id: job.id })
    }
    await store.close?.()
  },
  /** Counts one job up a hundred times, against the others. */
  async replace() {
    const store = sqliteStore({ path, maxEvents: 1_000 })
    for (let counted = 0, job = await store.get('job', 'head'); counted < 100; ) {
      if (!job) throw new Error('the job is gone')
      const version = job.version + 1
      const next = { ...job, version, meta: { [name]: counted + 1 }, requestBody: `${name} ${version}`, responseBody: undefined }
      const answer = await store.replace(next, [{ version, at: 0, type: name, status: 'queued', attempt: 0 }])
      if (answer.replaced) counted++
      job = answer.replaced ? next : answer.current
    }
    await store.close?.()
  },
  /** Writes until it is killed; says what has been written. */
  async write() {
    const store = sqliteStore({ path, maxEvents: 10 })
    for (let n = 0; ; n++) {
      const event = { at: 0, type: 'test', status: 'queued', attempt: 0 } as const
      const first = record({ id: `${name}-${n}`, requestBody: 'x'.repeat(20_000) })
      await store.insert(first, [{ ...event, version: 1 }])
      await store.blobs?.write(first.id, 'response-1', 0, new Uint8Array(50_000).fill(n))
      await store.replace({ ...first, version: 2, requestBody: null, responseBody: 'y'.repeat(20_000) }, [{ ...event, version: 2 }])
      say(first.id)
    }
  },
}

say('ready')
const begin = Number(await once(process.stdin, 'data'))
process.stdin.destroy()
await work[what]?.()
