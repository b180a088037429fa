import { createJobs, type Job, type JobStore, type Jobs, memoryStore } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/core/fetch'
import { expect, it, onTestFinished, vi } from 'vitest'
import { isPublic } from '../src/addresses'
import { verifyWebhook, type WebhooksOptions, webhooks } from '../src/index'
import { type Receiver, SECRET, startReceiver } from './receiver'

const logged = (jobs: Jobs<Request>, id: string) =>
  vi.waitFor(async () => expect((await jobs.get(id))?.webhook?.log).toHaveLength(1), { interval: 10 })
const idOf = (answer: Response) => answer.headers.get('location')?.split('/').at(-1) ?? ''
const JOB = { id: 'j', operation: 'report', status: 'succeeded' } as Job
const post = () => new Request('http://localhost/', { method: 'POST' })

it('more ends at once than one origin takes are all told, without a sweep', async () => {
  let open = 0
  let most = 0
  const receiver = await startReceiver((res) => {
    most = Math.max(most, ++open)
    setImmediate(() => {
      open--
      res.writeHead(204).end()
    })
  })
  onTestFinished(receiver.close)
  const jobs = createJobs<Request>({ sweepMs: 0, webhooks: webhooks({ secrets: [SECRET], allow: [receiver.origin] }) })
  onTestFinished(() => jobs.stop({ drainMs: 1_000 }))
  const handler = respondAsync(jobs, { operation: 'burst', webhook: receiver.url }, () => Response.json({}))
  const ids = await Promise.all(Array.from({ length: 100 }, async () => idOf(await handler(post()))))
  await receiver.until(100)
  for (const id of ids) await logged(jobs, id)
  expect(new Set(receiver.arrived.map(({ headers }) => headers['webhook-id'])).size).toBe(100)
  expect(most).toBeLessThanOrEqual(8)
})

/** A store in which somebody else writes down a try just before the first tombstone is put. */
function overtaken(inner: JobStore): JobStore {
  let isFirst = true
  return {
    ...inner,
    async replace(job, events) {
      if (job.goneAt !== undefined && isFirst) {
        isFirst = false
        const stored = await inner.get(job.id, 'full')
        if (stored) await inner.replace({ ...stored, version: stored.version + 1 })
      }
      return inner.replace(job, events)
    },
  }
}

it('a job that is deleted while a try is written down is gone', async () => {
  const jobs = createJobs<Request>({ sweepMs: 0, store: overtaken(memoryStore()) })
  const handler = respondAsync(jobs, 'report', () => Response.json({}))
  const routes = jobRoutes(jobs)
  const id = idOf(await handler(post()))
  await vi.waitFor(async () => expect((await jobs.get(id))?.status).toBe('succeeded'))
  const url = `http://localhost/jobs/${id}`
  expect((await routes(new Request(url, { method: 'DELETE' })))?.status).toBe(204)
  expect((await routes(new Request(url)))?.status).toBe(410)
})

it('secrets that never come hold up no more than one try', async () => {
  const sender = webhooks({ secrets: () => new Promise(() => {}), timeoutMs: 100 })
  expect(await sender.send({ id: 'msg_j', url: 'https://hooks.example.com/', body: '{}', job: JOB })).toEqual({
    error: 'The secrets took too long.',
  })
})

/** One message to a receiver that answers so; what came of it. */
async function sentTo(respond: Parameters<typeof startReceiver>[0], secrets: WebhooksOptions['secrets'] = [SECRET]) {
  const receiver = await startReceiver(respond)
  onTestFinished(receiver.close)
  const sender = webhooks({ secrets, allow: [receiver.origin], timeoutMs: 2_000 })
  const reply = await sender.send({ id: 'msg_j', url: receiver.url, body: '{}', job: JOB })
  return { reply, arrived: receiver.arrived }
}

it('an answer of 101 is a failure, and ends the try', { timeout: 5_000 }, async () => {
  const { reply } = await sentTo((res) => void res.writeHead(101, { connection: 'upgrade', upgrade: 'else' }).end())
  expect(reply).toEqual({ error: 'The connection was closed.' })
})

it.each([200, 503])('an answer of %i whose body does not end counts by its head', async (status) => {
  const { reply } = await sentTo((res) => void res.writeHead(status, { 'content-length': 100 }).write('so far'))
  expect(reply).toMatchObject({ status })
})

it('an answer that does not even begin counts as none', async () => {
  const { reply } = await sentTo(() => {})
  expect(reply).toEqual({ error: 'The receiver took too long.' })
})

it.each([
  ['none', []],
  ['a secret that is too short', ['whsec_c2hvcnQ=']],
  ['nothing at all', undefined as never],
])('nothing is sent where the function of secrets finds %s', async (_, found) => {
  const { reply, arrived } = await sentTo(undefined, async () => found)
  expect(reply).toEqual({ error: expect.stringMatching(/secret/) })
  expect(arrived).toEqual([])
})

it('secrets may be looked up for each job', async () => {
  const { reply, arrived } = await sentTo(undefined, async ({ operation }) => (operation === JOB.operation ? [SECRET] : []))
  expect(reply).toMatchObject({ status: 204 })
  const [{ headers, body }] = arrived as [Receiver['arrived'][0]]
  expect(await verifyWebhook({ headers, body }, SECRET)).toMatchObject({ id: 'msg_j' })
})

it('a name that is never found refuses the request in the end', async () => {
  const sender = webhooks({ secrets: [SECRET], timeoutMs: 100 }, () => new Promise(() => {}))
  expect(await sender.check('https://hooks.example.com/')).toBe('Its name could not be looked up.')
})

it('a job without a request of its own is told to the receiver of its route', async () => {
  const receiver = await startReceiver()
  onTestFinished(receiver.close)
  const jobs = createJobs<Request>({ sweepMs: 0, webhooks: webhooks({ secrets: [SECRET], allow: [receiver.origin] }) })
  onTestFinished(() => jobs.stop({ drainMs: 1_000 }))
  respondAsync(jobs, { operation: 'report', webhook: { url: receiver.url, events: ['job.succeeded'] } }, () => Response.json({}))
  const { id } = await jobs.submit('report', {})
  await logged(jobs, id)
  expect(receiver.arrived).toHaveLength(1)
})

it('a receiver that is found in a request is none of a job that no request made', async () => {
  const jobs = createJobs<Request>({ sweepMs: 0, webhooks: webhooks({ secrets: [SECRET] }) })
  respondAsync(jobs, { operation: 'report', webhook: () => 'https://hooks.example.com/' }, () => Response.json({}))
  const { id } = await jobs.submit('report', {})
  await vi.waitFor(async () => expect(await jobs.get(id)).toMatchObject({ status: 'succeeded', webhook: undefined }))
})

it('the metadata service of Azure is no public address, though its block is', () => expect(isPublic('168.63.129.16')).toBe(false))
