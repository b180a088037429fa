import { describe, expect, it } from 'vitest'
import { audits, runAudits } from '../src/index'
import { FAULTS } from './faults'
import { startReference } from './reference'
import { SMALL_FAULTS } from './small-faults'

const cases = Object.entries({ ...FAULTS, ...SMALL_FAULTS })

describe.concurrent.each(cases)('a server with this fault: %s', (_, { make, fails, among = /./ }) => {
  it('fails exactly the audits that name it', { timeout: 120_000 }, async ({ expect }) => {
    const server = await startReference(make())
    const only = audits.map(({ id }) => id).filter((id) => among.test(id))
    const results = await runAudits({ url: server.url, only })
    await server.close()
    const failed = results.filter(({ status }) => status === 'failed')
    expect(failed.map(({ id }) => id).join(' ')).toBe(fails)
  })
})

it('every audit is failed by at least one of them', () => {
  const failed = new Set(cases.flatMap(([, { fails }]) => fails.split(' ')))
  expect(audits.map(({ id }) => id).filter((id) => !failed.has(id))).toEqual([])
})
