// Handlers as people write them, on the oldest supported TypeScript too.
import { type Client, createClient, type OperationsOf } from '@respond-async/client'
import { createJobs } from '@respond-async/core'
import { respondAsync as onFetch } from '@respond-async/core/fetch'
import { respondAsync as onExpress } from '@respond-async/express'
import { respondAsync as onHono } from '@respond-async/hono'
import express from 'express'
import { type Context, Hono } from 'hono'
import { hc } from 'hono/client'
import { validator } from 'hono/validator'

const jobs = createJobs()

express().post(
  '/reports/:month',
  onExpress(jobs, 'report', async (req, res) => {
    await req.job.progress(50)
    res.status(201).json({ month: req.params.month, rows: req.body.rows })
  }),
)

type AppEnv = { Variables: { user: { id: string } } }
const months = validator('json', ({ month }, c) => (month ? { month: String(month) } : c.json({ title: 'which?' }, 422)))
// Before 5.9 nothing of the app comes through a generic call: the handler names its context, or the jobs do.
const report = onHono(jobs, 'report', async (c: Context<AppEnv, '/reports/:month'>) =>
  c.json({ of: c.var.user.id, month: c.req.param('month').length }, 201),
)
const checked = onHono(createJobs<Context<AppEnv>>(), 'checked', months, async (c) => {
  await c.get('job').progress(50)
  return c.json({ of: c.var.user.id, month: c.req.valid('json').month }, 201)
})
export const honoApp = new Hono<AppEnv>().post('/reports/:month', report).post('/checked', months, checked)
export type Operations = OperationsOf<{ report: typeof report; checked: typeof checked }>

export const fetchHandler = onFetch(jobs, 'report', async (request, { params }: { params: Promise<{ month: string }> }) => {
  await request.job.progress(50)
  return Response.json(await params)
})

export async function readRows(client: Client = createClient()): Promise<string> {
  const job = await client.submit<Operations['report']>('/reports/2026-10')
  for await (const { percentComplete = 0 } of job) percentComplete.toFixed()
  const { of, month } = await job.json()
  const same = await client.follow(await hc<typeof honoApp>('http://localhost').checked.$post({ json: { month: '2026-10' } }))
  return of + month.toFixed() + (await same.json()).month.slice(1)
}
