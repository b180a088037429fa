import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createJobs, JobsError, memoryStore } from '@respond-async/core'
import express from 'express'
import { expect, it } from 'vitest'
import { dashboard } from '../src/express'
import { detailOf } from '../src/rows'
import { jobIn, makeJobs } from './jobs'
import { PAGE, serve } from './service'

it('asks for an owner where a store keeps no list of all', async () => {
  const store = memoryStore()
  const jobs = makeJobs({ store: { ...store, capabilities: { ...store.capabilities, listAll: false } } })
  await jobIn(jobs, 'succeeded', 'quick', 'ada')
  const ask = await serve('fetch', jobs)
  expect(await ask('GET', '/api/jobs', PAGE)).toMatchObject({ status: 409, json: { code: 'owner_required' } })
  expect((await ask('GET', '/api/jobs?owner=ada', PAGE)).json.jobs).toHaveLength(1)
  const own = await serve('fetch', jobs, () => ({ owner: 'ada' }))
  expect((await own('GET', '/api/jobs', PAGE)).json.jobs).toHaveLength(1)
})

it('says so where a store cannot list at all, and still shows a job by its id', async () => {
  const jobs = makeJobs({ store: { ...memoryStore(), list: undefined } })
  const { id } = await jobIn(jobs, 'succeeded', 'quick', 'ada')
  const ask = await serve('fetch', jobs)
  expect(await ask('GET', '/api/jobs?owner=ada', PAGE)).toMatchObject({ status: 409, json: { code: 'invalid_option' } })
  // Nor does this one keep a history.
  expect((await ask('GET', `/api/jobs/${id}`, PAGE)).json).toMatchObject({ job: { id, status: 'succeeded' }, history: null })
})

it('says no more than that a store is away, and tells the application', async () => {
  const told: unknown[] = []
  const failure = new JobsError('store_unavailable', 'password of the database')
  const store = { ...memoryStore(), list: () => Promise.reject(failure), get: () => Promise.reject(new Error('password')) }
  const ask = await serve('fetch', createJobs({ store, sweepMs: 0 }), undefined, { onError: (error) => told.push(error) })
  for (const path of ['/api/jobs', '/api/jobs/x']) {
    const reply = await ask('GET', path, PAGE)
    expect([reply.status, reply.text]).toEqual([503, '{"code":"unavailable","message":"The jobs cannot be reached at the moment."}'])
  }
  expect(told).toEqual([failure, expect.any(Error)])
})

it('adds nothing when something else, such as a time limit, has answered first', async () => {
  const unhandled: unknown[] = []
  const hear = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', hear)
  const app = express()
  let answered = () => {}
  const late = new Promise<void>((resolve) => {
    answered = resolve
  })
  app.use((_req, res, next) => {
    next()
    res.status(503).end('too late')
    answered()
  })
  app.use('/admin', dashboard(makeJobs(), { access: () => late.then(() => true) }))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const reply = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/admin/api/access`, { headers: PAGE })
  expect([reply.status, await reply.text()]).toEqual([503, 'too late'])
  server.close()
  process.off('unhandledRejection', hear)
  expect(unhandled).toEqual([])
})

it('shows of a request what was asked for and nothing that is secret', async () => {
  const jobs = makeJobs()
  const { id } = await jobs.submit('broken', { password: 'secret' }, { url: '/reports?token=secret', headers: { 'x-key': 'secret' } })
  const job = await jobs.get(id)
  const shown = detailOf({
    ...(job as NonNullable<typeof job>),
    ...{ webhook: { url: 'https://hooks.example/a?key=secret', attempts: 1, log: [{ at: 1, attempt: 1, tookMs: 3, status: 200 }] } },
  })
  expect(shown.request).toEqual({ method: 'POST', path: '/reports' })
  expect(shown.webhook).toEqual({ url: 'https://hooks.example/a', attempts: 1, log: [{ at: 1, attempt: 1, tookMs: 3, status: 200 }] })
  expect(JSON.stringify(shown)).not.toContain('secret')
})
