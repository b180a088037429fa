import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Jobs } from '@respond-async/core'

/** What a process of these tests does: takes requests, runs jobs, or both. Says its port when it is ready; ends in good order at SIGTERM. */
export async function serve<Native>(jobs: Jobs<Native>, listen: () => Promise<number>): Promise<void> {
  const { ROLE = '', DRAIN_MS = '10000', DIR = '' } = process.env
  process.on('SIGTERM', () => {
    jobs.stop({ drainMs: Number(DRAIN_MS) }).then(() => process.exit())
    writeFileSync(join(DIR, 'stopping'), '')
  })
  process.on('disconnect', () => process.exit())
  if (ROLE.includes('worker')) await jobs.start()
  process.send?.({ port: ROLE.includes('web') ? await listen() : 0 })
}
