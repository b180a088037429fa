import { pgBossEngine } from '@respond-async/engine-pg-boss'
import { postgresStore } from '@respond-async/store-postgres'
import pg from 'pg'
import { PgBoss } from 'pg-boss'
import { honoApp } from './hono-app'
import { serve } from './serve'

const { STORE_URL: connectionString = '' } = process.env
const client = new pg.Pool({ connectionString })
client.on('error', () => {}) // of connections that nobody uses just then
const boss = new PgBoss({ connectionString, max: 4, useListenNotify: true, connectionTimeoutMillis: 2_000 })
const engine = pgBossEngine({ boss, concurrency: 4, pollingIntervalSeconds: 0.5, onError: () => {} })
await serve(honoApp, postgresStore({ client, watch: () => new pg.Client({ connectionString }) }), engine)
