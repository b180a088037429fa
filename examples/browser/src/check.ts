/** Follows a job from start to end over HTTP, as the page does; exits non-zero if anything differs from the README. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { serve } from '@hono/node-server'
import { createClient, JobCanceledError } from '@respond-async/client'
import { app, type Report } from './app.ts'

const port = await new Promise<number>((resolve) => {
  serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => resolve(port))
})
const baseUrl = `http://127.0.0.1:${port}`
const client = createClient({ baseUrl })
const csv = (rows: number) => {
  const body = new FormData()
  body.set('file', new File([`flights,delay\n${'2,15\n4,5\n'.repeat(rows / 2)}`], 'flights.csv', { type: 'text/csv' }))
  return body
}

const page = await (await fetch(baseUrl)).text()
match(page, /<progress id="bar" max="100"><\/progress>/)
ok((await (await fetch(`${baseUrl}/page.js`)).text()).length > 5_000, 'the script includes the client')

equal((await fetch(`${baseUrl}/reports`, { method: 'POST', body: new FormData() })).status, 422)
const job = await client.submit<Report>('/reports', { body: csv(10) })
match(job.url ?? '', /\/jobs\/[0-9a-f-]{36}$/)
const percents: number[] = []
for await (const { percentComplete } of job) if (percentComplete !== undefined) percents.push(percentComplete)
deepEqual(
  percents,
  percents.toSorted((a, b) => a - b),
  'progress never falls',
)
deepEqual(await job.json(), {
  rows: 10,
  columns: [
    { name: 'flights', mean: 3, largest: 4 },
    { name: 'delay', mean: 10, largest: 15 },
  ],
})
deepEqual(await client.resume<Report>(job.url ?? '').json(), await job.json(), 'a page that was reloaded finds it')

const long = await client.submit<Report>('/reports', { body: csv(1_000) })
await long.cancel()
await rejects(long.json(), JobCanceledError)
console.log('examples/browser: uploaded, followed, read, found again, canceled')
process.exit()
