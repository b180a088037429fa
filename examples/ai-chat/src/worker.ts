/** The worker process: writes answers, four at once. */
import { boss, jobs, pool } from './app.ts'

await jobs.start()
console.log(`worker ${process.pid}: ready`)
process.send?.({})

process.once('SIGTERM', async () => {
  await jobs.stop({ drainMs: 5_000 })
  await boss.stop({ graceful: false })
  await pool.end()
  process.exit()
})
