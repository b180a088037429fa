import { inProcess } from '@respond-async/core'
import { sqliteStore } from '@respond-async/store-sqlite'
import { expressApp } from './express-app'
import { serve } from './serve'

const { STORE_URL = '' } = process.env
await serve(expressApp, sqliteStore({ path: STORE_URL }), inProcess({ concurrency: 4 }))
