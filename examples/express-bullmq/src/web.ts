/** The web process: takes requests and hands jobs over. It runs none, because it never calls `jobs.start()`. */
import type { AddressInfo } from 'node:net'
import { app, jobs, redis } from './app.ts'

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(`web ${process.pid}: http://127.0.0.1:${port}/sums takes a CSV file in the field "file"; see README.md for what to send.`)
  process.send?.({ port })
})

process.once('SIGTERM', async () => {
  await jobs.stop() // new requests get 503, and polls that are held are answered
  server.close(() => {
    redis.disconnect() // once the last response has been sent
    process.exit()
  })
})
