import { inProcess } from '@respond-async/core'
import { redisStore } from '@respond-async/store-redis'
import { Redis } from 'ioredis'
import { honoApp } from './hono-app'
import { serve } from './serve'

const client = new Redis(process.env.STORE_URL ?? '')
client.on('error', () => {}) // it connects again by itself
await serve(honoApp, redisStore({ client }), inProcess({ concurrency: 4 }))
