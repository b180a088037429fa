import { inProcess } from '@respond-async/core'
import { postgresStore } from '@respond-async/store-postgres'
import pg from 'pg'
import { honoApp } from './hono-app'
import { serve } from './serve'

const { STORE_URL: connectionString = '' } = process.env
const client = new pg.Pool({ connectionString })
client.on('error', () => {}) // of connections that nobody uses just then
await serve(honoApp, postgresStore({ client, watch: () => new pg.Client({ connectionString }) }), inProcess({ concurrency: 4 }))
