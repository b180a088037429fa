/** The worker process: runs jobs, four at once. Start as many as the load needs. */
import { boss, jobs, pool } from './app.ts'

await jobs.start()
console.log(`worker ${process.pid}: ready`)
process.send?.({})

process.once('SIGTERM', async () => {
  await jobs.stop({ drainMs: 5_000 }) // what is not finished by then goes back to the queue, for another worker
  await boss.stop({ graceful: false })
  await pool.end()
  process.exit()
})
