// Every entry, as an ES module sees it. Misuse is marked: the mark fails when the misuse compiles.
import * as core from '@respond-async/core'
import * as fetch from '@respond-async/core/fetch'
import * as express from '@respond-async/express'
import * as hono from '@respond-async/hono'
import * as audits from '@respond-async/http-audits'
import * as testkit from '@respond-async/store-testkit'
import * as nodeTest from '@respond-async/store-testkit/node-test'
import * as vitest from '@respond-async/store-testkit/vitest'

export const entries = { core, fetch, express, hono, audits, testkit, nodeTest, vitest }

// @ts-expect-error an entry that does not exist
import('@respond-async/core/nowhere')
