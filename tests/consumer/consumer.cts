// Every entry, as CommonJS sees it; engine-pg-boss is a module like pg-boss itself.
import client = require('@respond-async/client')
import clientReact = require('@respond-async/client/react')
import core = require('@respond-async/core')
import fetch = require('@respond-async/core/fetch')
import files = require('@respond-async/core/files')
import dashboard = require('@respond-async/dashboard')
import dashboardExpress = require('@respond-async/dashboard/express')
import dashboardHono = require('@respond-async/dashboard/hono')
import bullmq = require('@respond-async/engine-bullmq')
import express = require('@respond-async/express')
import hono = require('@respond-async/hono')
import audits = require('@respond-async/http-audits')
import sqlite = require('@respond-async/store-sqlite')
import postgres = require('@respond-async/store-postgres')
import redis = require('@respond-async/store-redis')
import testkit = require('@respond-async/store-testkit')
import nodeTest = require('@respond-async/store-testkit/node-test')
import webhooks = require('@respond-async/webhooks')

export = {
  client,
  clientReact,
  core,
  fetch,
  files,
  dashboard,
  dashboardExpress,
  dashboardHono,
  bullmq,
  express,
  hono,
  audits,
  redis,
  testkit,
  nodeTest,
  sqlite,
  postgres,
  webhooks,
}
