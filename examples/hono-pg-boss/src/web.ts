/** The web process: takes requests and hands jobs over. It runs none, because it never calls `jobs.start()`. */
import { serve } from '@hono/node-server'
import { app, boss, jobs, pool } from './app.ts'

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1' }, ({ port }) => {
  console.log(
    `web ${process.pid}: http://127.0.0.1:${port}/word-counts takes a form with the field "text"; see README.md for what to send.`,
  )
  process.send?.({ port })
})

process.once('SIGTERM', async () => {
  await jobs.stop() // new requests get 503, and polls that are held are answered
  server.close(async () => {
    await boss.stop({ graceful: false }) // once the last response has been sent
    await pool.end()
    process.exit()
  })
})
