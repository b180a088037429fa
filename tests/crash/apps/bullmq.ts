import { bullmqEngine } from '@respond-async/engine-bullmq'
import { redisStore } from '@respond-async/store-redis'
import { Redis } from 'ioredis'
import { expressApp } from './express-app'
import { serve } from './serve'

const { STORE_URL: url = '' } = process.env
const client = new Redis(url)
client.on('error', () => {}) // it connects again by itself
await serve(expressApp, redisStore({ client }), bullmqEngine({ connection: { url }, concurrency: 4, onError: () => {} }))
