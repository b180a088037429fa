/** Starts everything: a Postgres, unless DATABASE_URL names one, the web process and a worker process. Ctrl+C ends it all. */
import { startPostgres } from './postgres.ts'
import { end, start } from './processes.ts'

const env = { DATABASE_URL: process.env.DATABASE_URL ?? (await startPostgres()) }
console.log(`DATABASE_URL=${env.DATABASE_URL}`)
const worker = await start('worker.ts', env)
const web = await start('web.ts', env)
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    await end(worker.child, web.child)
    process.exit()
  })
