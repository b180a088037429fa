import { memoryStore } from '@respond-async/core'
import { afterEach, expect, it } from 'vitest'
import { dashboard } from '../src'
import { readWindow, refreshWindow } from '../src/page/job-window'
import { createServer, Refusal } from '../src/page/server'
import { jobIn, makeJobs, until } from './jobs'

const made: ReturnType<typeof makeJobs>[] = []
afterEach(async () => {
  for (const jobs of made.splice(0)) await jobs.stop({ drainMs: 0 })
})

/** The page's own way to the server, over the handler itself. */
function open(access: boolean) {
  let now = 1_000_000
  const jobs = makeJobs({ store: memoryStore(), now: () => now++, sweepMs: 0 })
  made.push(jobs)
  const handle = dashboard(jobs, { access: () => access, path: '/' })
  const asked: string[] = []
  const send: typeof fetch = async (input, init) => {
    const request = new Request(input as URL, init)
    asked.push(`${request.method} ${request.url.slice('http://app.example/api/'.length)}`)
    return (await handle(request)) ?? new Response(null, { status: 404 })
  }
  return { jobs, asked, server: createServer('http://app.example/api/', send), pass: (ms: number) => (now += ms) }
}

it('reads the newest jobs a page at a time, and after that only what can have changed', async () => {
  const { jobs, server, asked, pass } = open(true)
  for (let at = 0; at < 230; at++) await jobs.submit('quick', {})
  const slow = await jobIn(jobs, 'running', 'slow')
  pass(60_000)
  await jobIn(jobs, 'succeeded', 'quick')
  await until(async () => (await jobs.list({ status: 'queued', limit: 1 })).jobs.length === 0)
  const seen: number[] = []
  const first = await readWindow(server, undefined, 200, ({ rows }) => seen.push(rows.length))
  expect([seen, first.rows.length, first.isWhole, asked.length]).toEqual([[100], 200, false, 2])
  expect(first.rows[1]?.id).toBe(slow.id)
  expect(first.rows.map(({ createdAt }) => createdAt)).toEqual(first.rows.map(({ createdAt }) => createdAt).toSorted((a, b) => b - a))

  pass(60_000)
  asked.length = 0
  const fresh = await jobIn(jobs, 'succeeded', 'quick')
  await jobs.cancel(slow.id)
  await until(async () => (await jobs.get(slow.id))?.status === 'canceled')
  const second = await refreshWindow(server, undefined, 200, first)
  expect(second.rows[0]).toMatchObject({ id: fresh.id, status: 'succeeded' })
  expect(second.rows[2]).toMatchObject({ id: slow.id, status: 'canceled' })
  expect([second.rows.length, second.rows.at(-1)?.id]).toEqual([200, first.rows.at(-2)?.id])
  expect(asked).toHaveLength(3)
  expect(asked[0]).toMatch(/^GET jobs\?since=/)
  expect(asked[1]).toBe('GET jobs?status=queued%2Crunning')
  expect(asked[2]).toBe(`GET jobs?ids=${slow.id}`)

  asked.length = 0
  pass(60_000)
  const third = await refreshWindow(server, undefined, 200, second)
  expect(third.rows).toEqual(second.rows)
  expect(asked).toHaveLength(1)
})

it('drops unfinished jobs that are gone, and knows when it has all jobs', async () => {
  const { jobs, server } = open(true)
  const slow = await jobIn(jobs, 'running', 'slow')
  const quick = await jobIn(jobs, 'succeeded', 'quick')
  const first = await readWindow(server, undefined, 100, () => {})
  expect([first.rows.length, first.isWhole]).toEqual([2, true])
  await jobs.cancel(slow.id)
  await until(async () => (await jobs.get(slow.id))?.status === 'canceled')
  await jobs.purge(slow.id)
  const second = await refreshWindow(server, undefined, 100, first)
  expect([second.rows.map(({ id }) => id), second.isWhole]).toEqual([[quick.id], true])
  expect(await refreshWindow(server, undefined, 100, { rows: [], isWhole: true })).toMatchObject({
    rows: [{ id: quick.id }],
    isWhole: true,
  })
})

it('passes on why the server refused, and explains an answer that is not from the dashboard', async () => {
  const { server } = open(false)
  await expect(server.access()).rejects.toMatchObject({ status: 404, code: 'not_here' })
  const { server: open2 } = open(true)
  await expect(open2.show('unknown')).rejects.toMatchObject({ status: 404, code: 'not_found', message: 'There is no such job.' })
  const away = createServer('http://app.example/api/', () => Promise.reject(new TypeError('fetch failed')))
  await expect(away.list({})).rejects.toEqual(new Refusal(0, 'unreachable', 'The server cannot be reached.'))
  const proxy = createServer('http://app.example/api/', async () => new Response('<html>', { status: 502 }))
  await expect(proxy.list({})).rejects.toMatchObject({ status: 502, code: 'unavailable' })
  const portal = createServer('http://app.example/api/', async () => new Response('<html>', { status: 200 }))
  await expect(portal.list({})).rejects.toMatchObject({ status: 200, code: 'not_here' })
  const cut = new ReadableStream({
    start: (to) => to.enqueue(new TextEncoder().encode('{"jobs":[')),
    pull: (to) => to.error(new TypeError('terminated')),
  })
  const restarted = createServer(
    'http://app.example/api/',
    async () => new Response(cut, { headers: { 'content-type': 'application/json' } }),
  )
  await expect(restarted.list({})).rejects.toMatchObject({ status: 0, code: 'unreachable' })
})
