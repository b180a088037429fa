/** The worker process: runs jobs, four at once. Start as many as the load needs. */
import { jobs, redis } from './app.ts'

await jobs.start()
console.log(`worker ${process.pid}: ready`)
process.send?.({})

process.once('SIGTERM', async () => {
  await jobs.stop({ drainMs: 5_000 }) // what is not finished by then goes back to the queue, for another worker
  redis.disconnect()
  process.exit()
})
