import { writeFileSync } from 'node:fs'
import { afterAll, expect, test, vi } from 'vitest'
import { createClient } from '../src/index'
import { bundled, endProcesses, fileIn, startServer } from './processes'

afterAll(endProcesses)

test.each([true, false])(
  'a server that is killed and started again is waited for (events: %s)',
  async (events) => {
    const program = await bundled('program.ts', 'program.cjs')
    const file = fileIn(`jobs-${events}.db`)
    const first = await startServer(program, file, '0')
    const client = createClient({ baseUrl: `http://127.0.0.1:${first.port}`, minPollMs: 50, maxPollMs: 1_000, events })
    const job = await client.submit<{ attempt: number }>('/reports')
    const percents: (number | undefined)[] = []
    const following = (async () => {
      for await (const { percentComplete } of job) percents.push(percentComplete)
    })()
    await vi.waitUntil(() => percents.at(-1) === 30, { timeout: 20_000 })
    await first.kill()
    const result = job.json()
    await startServer(program, file, first.port)
    await vi.waitUntil(() => percents.at(-1) === 60, { timeout: 20_000 })
    writeFileSync(`${file}.go`, '')
    await following
    expect(await result).toEqual({ attempt: 2 })
    expect(percents.at(-1)).toBe(100)
  },
  60_000,
)
