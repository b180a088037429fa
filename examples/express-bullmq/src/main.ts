/** Starts everything: a Redis, unless REDIS_URL names one, the web process and a worker process. Ctrl+C ends it all. */
import { end, start } from './processes.ts'
import { isInstalled, startRedis } from './redis.ts'

if (!process.env.REDIS_URL && !isInstalled) {
  console.error('Set REDIS_URL, or install redis-server (apt install redis-server, brew install redis).')
  process.exit(1)
}
const env = { REDIS_URL: process.env.REDIS_URL ?? (await startRedis()) }
console.log(`REDIS_URL=${env.REDIS_URL}`)
const worker = await start('worker.ts', env)
const web = await start('web.ts', env)
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    await end(worker.child, web.child)
    process.exit()
  })
