import { afterAll, expect, it } from 'vitest'
import { audits, runAudits } from '../src/index'
import { startReference } from './reference'

const reference = await startReference()
afterAll(() => reference.close())

it('a correct server passes every audit', async () => {
  const results = await runAudits({ url: reference.url, path: '/jobs' })
  expect(results.filter(({ status }) => status !== 'passed')).toEqual([])
  expect(results.map(({ id }) => id)).toEqual(audits.map(({ id }) => id))
}, 60_000)

it('a poll that a failed audit leaves behind ends with it, and is no error of the process', async () => {
  const unhandled: unknown[] = []
  const hear = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', hear)
  const refusing = (url: string, init: RequestInit) =>
    url.includes('/release/') ? new Response('Cross-site POST form submissions are forbidden', { status: 403 }) : fetch(url, init)
  const results = await runAudits({ url: reference.url, fetch: refusing, only: ['LNG1'] })
  await new Promise((resolve) => setImmediate(resolve)) // Node tells of them after the microtasks of a turn
  process.off('unhandledRejection', hear)
  expect(results.map(({ status }) => status)).toEqual(['failed'])
  expect(unhandled).toEqual([])
})
