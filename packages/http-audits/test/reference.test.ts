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
