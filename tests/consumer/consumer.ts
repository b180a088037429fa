// Every entry, as an ES module sees it. Misuse is marked: the mark fails when the misuse compiles.
import * as client from '@respond-async/client'
import * as clientReact from '@respond-async/client/react'
import * as core from '@respond-async/core'
import * as fetch from '@respond-async/core/fetch'
import * as files from '@respond-async/core/files'
import * as dashboard from '@respond-async/dashboard'
import * as dashboardExpress from '@respond-async/dashboard/express'
import * as dashboardHono from '@respond-async/dashboard/hono'
import * as bullmq from '@respond-async/engine-bullmq'
import * as pgBoss from '@respond-async/engine-pg-boss'
import * as express from '@respond-async/express'
import * as hono from '@respond-async/hono'
import * as audits from '@respond-async/http-audits'
import * as postgres from '@respond-async/store-postgres'
import * as redis from '@respond-async/store-redis'
import * as sqlite from '@respond-async/store-sqlite'
import * as testkit from '@respond-async/store-testkit'
import * as nodeTest from '@respond-async/store-testkit/node-test'
import * as vitest from '@respond-async/store-testkit/vitest'
import * as webhooks from '@respond-async/webhooks'

export const entries = {
  client,
  clientReact,
  core,
  fetch,
  files,
  dashboard,
  dashboardExpress,
  dashboardHono,
  bullmq,
  pgBoss,
  express,
  hono,
  audits,
  redis,
  testkit,
  nodeTest,
  vitest,
  sqlite,
  postgres,
  webhooks,
}

// @ts-expect-error an entry that does not exist
import('@respond-async/core/nowhere')
