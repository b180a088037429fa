import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Job } from '@respond-async/core'
import { afterAll, expect, test, vi } from 'vitest'
import { startWorkerd } from './workerd'

const persist = mkdtempSync(join(tmpdir(), 'respond-async-restart-'))
const start = () => startWorkerd(new URL('workers/restart.ts', import.meta.url), { objects: { JOBS: 'JobObject' }, persist })
let workerd = await start()
afterAll(async () => {
  await workerd.close()
  rmSync(persist, { recursive: true, force: true })
})

const submit = async (path: string) => {
  const response = await fetch(`${workerd.url}${path}`, { method: 'POST' })
  expect(response.status).toBe(202)
  return ((await response.json()) as { id: string }).id
}
const until = (id: string, ...states: string[]) =>
  vi.waitUntil(
    async () => {
      const job = (await (await fetch(`${workerd.url}/?id=${id}`)).json()) as Job
      return states.includes(job.status) && job
    },
    { timeout: 20_000, interval: 50 },
  )

test('Durable Objects: workerd is stopped in the middle of jobs, and the alarms end them after a restart', async () => {
  const [once, twice] = [await submit('/once'), await submit('/twice')]
  for (const id of [once, twice]) await until(id, 'running')
  await workerd.close()
  workerd = await start()
  const [lost, tried] = [await until(once, 'failed', 'succeeded'), await until(twice, 'failed', 'succeeded')]
  expect([lost.status, lost.error?.code, lost.attempt]).toEqual(['failed', 'lost', 1])
  expect([tried.status, tried.result, tried.attempt]).toEqual(['succeeded', '{"attempt":2}', 2])
}, 60_000)
