// Every entry of a Worker, with the types of Workers alone. Misuse is marked: the mark fails when the misuse compiles.
import * as client from '@respond-async/client'
import * as core from '@respond-async/core'
import * as fetch from '@respond-async/core/fetch'
import * as webhooks from '@respond-async/webhooks'
import * as workers from '@respond-async/workers'
import * as d1 from '@respond-async/workers/d1'
import * as durableObject from '@respond-async/workers/durable-object'
import * as queues from '@respond-async/workers/queues'
import * as r2 from '@respond-async/workers/r2'
import * as workflows from '@respond-async/workers/workflows'

export const entries = { client, core, fetch, webhooks, workers, d1, durableObject, queues, r2, workflows }

/** A Worker in front of another server, and a caller of one. */
export default {
  async fetch(): Promise<Response> {
    const job = await client.submit<{ rows: number }>('https://api.example.com/reports')
    const response = await job.result()
    if (response.status === 201) return response
    const { rows } = await response.json()
    // @ts-expect-error rows is a number
    rows.length
    return Response.json(rows)
  },
}
