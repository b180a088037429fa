import { setTimeout } from 'node:timers/promises'
import { createJobs, memoryStore, JobsError } from '@respond-async/core'
import { dashboard } from '@respond-async/dashboard/express'
import { jobRoutes, respondAsync } from '@respond-async/express'
import express, { type Request } from 'express'
import { test } from 'vitest'
import { openPage, closeBrowser } from './browser'
import type { AddressInfo } from 'node:net'

test('play', async () => {
  let shift = -3600_000
  const jobs = createJobs<Request>({ store: memoryStore({ maxEvents: 100 }), owner: (req) => req.get('x-user'), now: () => Date.now() + shift, onError: () => {} })
  const app = express()
  const work = (fail: number, ms: number) => async (req: any, res: any) => {
    for (let i = 0; i < 10; i++) { await setTimeout(ms / 10, undefined, { signal: req.job.signal }); await req.job.progress(10 * i, `page ${i} of 10, <b>bold</b>`) }
    if (Math.random() < fail) throw new Error('x')
    res.json({ ok: true, rows: [1, 2, 3] })
  }
  app.post('/reports', express.json(), respondAsync(jobs, { operation: 'report', retries: 1, backoffMs: 100 }, work(0.4, 40)))
  app.post('/exports', express.json(), respondAsync(jobs, 'export', work(0.05, 100)))
  app.post('/videos', express.json(), respondAsync(jobs, 'convert-video', work(0, 60_000)))
  app.use('/admin/jobs', dashboard(jobs, { access: () => true, refreshMs: 500 }))
  const server = app.listen(0)
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const send = (path: string, user = 'ada') => fetch(origin + path, { method: 'POST', headers: { 'x-user': user, 'content-type': 'application/json' }, body: '{}' })
  for (let i = 0; i < 60; i++) { shift += 50_000; await send(i % 3 ? '/reports' : '/exports', ['ada', 'bob', 'grace'][i % 3]); await setTimeout(10) }
  await setTimeout(1500)
  shift = 0
  for (let i = 0; i < 14; i++) await send('/videos')
  const o = await openPage(`${origin}/admin/jobs`)
  await setTimeout(1500)
  await o.screenshot('list')
  console.log(o.complaints, await o.violations())
  await o.page.locator('table.jobs a').nth(3).click()
  await setTimeout(700)
  await o.screenshot('detail-running')
  await o.page.goto(`${origin}/admin/jobs/?status=failed`); await setTimeout(700)
  await o.page.locator('table.jobs a').first().click(); await setTimeout(700)
  console.log(o.complaints, await o.violations())
  await o.page.getByRole('button', { name: 'Purge' }).click(); await setTimeout(100)
  await o.screenshot('detail-failed')
  const d = await openPage(`${origin}/admin/jobs`, { colorScheme: 'dark' }); await setTimeout(1000); await d.screenshot('list-dark'); console.log(await d.violations())
  const m = await openPage(`${origin}/admin/jobs`, { viewport: { width: 360, height: 740 } }); await setTimeout(1000); await m.screenshot('list-360')
  console.log(await m.page.evaluate('document.documentElement.scrollWidth'))
  await closeBrowser(); server.closeAllConnections(); server.close(); await jobs.stop({ drainMs: 0 })
}, 60_000)
