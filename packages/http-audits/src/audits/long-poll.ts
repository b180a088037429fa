import type { Audit } from '../audit'
import { equal, hasStatus, lists, match, ok, promptly } from '../expectation'
import { isOver } from '../subject'

const SECONDS = 15
const waiting = (headers: Record<string, string> = {}) => ({ headers: { prefer: `wait=${SECONDS}`, ...headers } })

export const longPollAudits: readonly Audit[] = [
  {
    id: 'LNG1',
    level: 'MUST',
    title: 'hold a poll with Prefer: wait=n until the job ends, and then answer it',
    source: 'RFC 7240 4.3',
    needs: ['release'],
    async run({ hold }) {
      const job = await hold()
      const etag = (await job.status()).headers.get('etag') ?? ''
      const held = job.status(waiting({ 'if-none-match': etag }))
      equal(isOver((await job.status()).document()), false, 'being over')
      await job.release()
      const reply = await promptly(held)
      hasStatus(reply, 200)
      equal(reply.document().status, 'succeeded', 'status')
    },
  },
  {
    id: 'LNG2',
    level: 'MUST',
    title: 'answer a held poll when the job changes, not only when it ends',
    source: 'protocol, Waiting',
    async run({ submit, token }) {
      // It reports progress all the time and does not end, so no poll comes too late for the next change.
      const job = await submit({ steps: 40, stepMs: 250, hold: token().token })
      const before = await job.until(({ status }) => status !== 'queued', 'begun to run')
      for (const headers of [{ 'if-none-match': before.headers.get('etag') ?? '' }, {}] as Record<string, string>[]) {
        const document = (await promptly(job.status(waiting(headers)))).document()
        equal(document.status, 'running', 'status')
        ok(document.percentComplete !== undefined, 'the answer does not show the progress that was reported')
      }
      await job.cancel()
    },
  },
  {
    id: 'LNG3',
    level: 'MUST',
    title: 'answer a poll with Prefer: wait=n at once if the job has changed from the ETag in If-None-Match, or has finished',
    source: 'protocol, Waiting',
    async run({ hold, submit }) {
      const job = await hold()
      const changed = await promptly(job.status(waiting({ 'if-none-match': '"x"' })))
      hasStatus(changed, 202)
      const done = await submit()
      await done.finished()
      hasStatus(await promptly(done.status(waiting())), 200)
    },
  },
  {
    id: 'LNG4',
    level: 'MUST',
    title: 'answer a held poll as if it had no preference when nothing changes within n seconds: 202, or 304 where If-None-Match matches',
    source: 'RFC 7240 4.3',
    async run({ hold }) {
      const job = await hold()
      const etag = (await job.status()).headers.get('etag') ?? ''
      const [plain, conditional] = await Promise.all([
        job.status({ headers: { prefer: 'wait=1' } }),
        job.status({ headers: { prefer: 'wait=1', 'if-none-match': etag } }),
      ])
      hasStatus(plain, 202)
      hasStatus(conditional, 304)
      for (const reply of [plain, conditional]) lists(reply, 'preference-applied', 'wait=1')
    },
  },
  {
    id: 'LNG5',
    level: 'MUST',
    title: 'say in Preference-Applied: wait=n how long it would hold the poll at most, up to 25 s',
    source: 'RFC 7240 3',
    async run({ hold }) {
      const job = await hold()
      const headers = { 'if-none-match': '"x"' }
      lists(await job.status({ headers: { ...headers, prefer: 'wait=7' } }), 'preference-applied', 'wait=7')
      for (const prefer of ['wait', 'wait=999999'])
        match(
          (await job.status({ headers: { ...headers, prefer } })).headers.get('preference-applied'),
          /^wait=(?:[1-9]|1\d|2[0-5])$/,
          `Preference-Applied after ${prefer}`,
        )
    },
  },
  {
    id: 'LNG6',
    level: 'MUST',
    title: 'hold several polls of one job at once, and answer all of them',
    source: 'protocol, Waiting',
    async run({ hold }) {
      const job = await hold()
      const etag = (await job.status()).headers.get('etag') ?? ''
      const held = Array.from({ length: 4 }, () => job.status(waiting({ 'if-none-match': etag })))
      await job.cancel()
      for (const reply of await Promise.all(held.map((answer) => promptly(answer)))) hasStatus(reply, 200, 202)
    },
  },
]
