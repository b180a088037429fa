/** The worker process: runs jobs, four at once. Start as many as there is work. */
import { jobs, redis } from './app.ts'

await jobs.start()
console.log(`worker ${process.pid}: ready`)
process.send?.({})

process.once('SIGTERM', async () => {
  await jobs.stop({ drainMs: 5_000 }) // what is not done by then is handed back, for another worker
  redis.disconnect()
  process.exit()
})
