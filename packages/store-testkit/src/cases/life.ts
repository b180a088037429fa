import { type Job, type LifecycleEvent, transition } from '@respond-async/core'
import { equal, ok, sameHead, sameJob } from '../assertions'
import { job, stone, T0 } from '../records'
import { storeCase } from '../store-case'

const HOUR = 3_600_000
const EVENTS: readonly LifecycleEvent[] = [
  { type: 'redispatch', dueAt: T0 + HOUR },
  { type: 'start', leaseMs: 30_000, maxRunMs: HOUR },
  { type: 'progress', attempt: 1, percentComplete: 12.5, message: 'reading' },
  { type: 'renew', attempt: 1, leaseMs: 30_000 },
  { type: 'release', attempt: 1, dueAt: T0 + 60_000, redispatch: true },
  { type: 'start', leaseMs: 30_000, maxRunMs: HOUR },
  { type: 'requestCancel', reason: 'changed my mind' },
  { type: 'progress', attempt: 2, percentComplete: 100 },
  {
    ...{ type: 'succeed', attempt: 2, ttlMs: HOUR, responseBody: new Uint8Array([0, 1, 2]) },
    response: { status: 201, headers: { 'content-type': 'application/pdf', 'set-cookie': ['a=1', 'b=2'] }, size: 3 },
  },
]

export const lifeCases = [
  storeCase('LIF1', 'carries a job through its whole life, with two processes writing in turn', async ({ a, b }) => {
    const request = { method: 'POST', url: '/reports?month=5', headers: { 'content-type': 'text/csv' }, carry: { user: 'ann' } }
    let current: Job = job(1, { owner: 'ann', idempotencyKey: 'key', maxAttempts: 2, request, requestBody: 'a;b\n1;2\n' })
    ok((await a.insert(current)).inserted, 'the job should be inserted')
    for (const [n, event] of EVENTS.entries()) {
      const [writer, reader] = n % 2 === 0 ? [a, b] : [b, a]
      const read = await writer.get(current.id, event.type === 'start' ? 'full' : 'head')
      sameHead(read, current, `what is read before ${event.type}`)
      const after = transition(read as Job, event, T0 + n)
      ok(after, `${event.type} should be a legal move here`)
      ok((await writer.replace(after)).replaced, `${event.type} should be written`)
      const { requestBody = current.requestBody, responseBody = current.responseBody } = after
      current = { ...after, requestBody, responseBody }
      sameJob(await reader.get(current.id, 'full'), current, `what is stored after ${event.type}`)
    }
    const gone = stone(current, { request: null, response: null })
    ok((await b.replace(gone)).replaced, 'the tombstone should be written')
    sameJob(await a.get(current.id, 'full'), gone, 'the tombstone')
    equal(await a.remove(current.id, gone.version), true, 'remove')
    equal(await b.get(current.id, 'full'), null, 'the job in the end')
  }),
]
