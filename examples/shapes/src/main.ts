/** All five on one port: `pnpm start`, then the curl lines of the README. */
import { setTimeout as pause } from 'node:timers/promises'
import express from 'express'
import { jobManagement } from './job-management.ts'
import { reportStatus } from './report-status.ts'
import { tasks } from './tasks.ts'
import { videoConversion } from './video-conversion.ts'
import { xmlJob } from './xml-job.ts'

const seconds = 5

/** Ids as these APIs have them, counted up. Whoever can guess an id can see its job, so a real API sets an `owner` as well. */
function counted(first: number, prefix = '') {
  let next = first
  return { newId: () => `${prefix}${next++}` }
}

const app = express()
for (const shape of [
  reportStatus(async () => {
    await pause(seconds * 1000)
    return Buffer.from('%PDF-1.4\n% a report of no pages\n')
  }, counted(555)),
  videoConversion(
    async () => {
      await pause(seconds * 1000)
      return '/videos/converted-789.mp4'
    },
    counted(789, 'convert-'),
  ),
  tasks(async () => {
    await pause(seconds * 1000)
    return { done: true }
  }, counted(12345)),
  jobManagement(async (progress) => {
    for (let second = 1; second <= seconds; second++) {
      await pause(1000)
      await progress((100 * second) / seconds)
    }
  }, counted(2130040)),
  xmlJob(async () => {
    await pause(seconds * 1000)
  }, counted(123)),
])
  app.use(shape.app)

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  const address = server.address()
  console.log(`http://localhost:${typeof address === 'object' ? address?.port : address}`)
})
