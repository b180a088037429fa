// Every entry, as CommonJS sees it.
import core = require('@respond-async/core')
import fetch = require('@respond-async/core/fetch')
import express = require('@respond-async/express')
import hono = require('@respond-async/hono')
import audits = require('@respond-async/http-audits')
import testkit = require('@respond-async/store-testkit')
import nodeTest = require('@respond-async/store-testkit/node-test')

export = { core, fetch, express, hono, audits, testkit, nodeTest }
