import type { IncomingMessage } from 'node:http'
import { createJobs } from '@respond-async/core'
import type { Request } from 'express'
import { expectTypeOf, test } from 'vitest'
import { jobSockets, type UpgradeListener } from '../src/websocket'

test('jobSockets takes jobs that read no request, or one of Node', () => {
  expectTypeOf(jobSockets(createJobs())).toEqualTypeOf<UpgradeListener>()
  jobSockets(createJobs<IncomingMessage>({ owner: ({ headers }) => headers.authorization }))
})

test('jobs that read requests of Express need an owner for one of Node', () => {
  const jobs = createJobs<Request>({ owner: (req) => req.get('x-owner') })
  // @ts-expect-error: their own would be called with what is no request of Express
  jobSockets(jobs)
  // @ts-expect-error: the same
  jobSockets(jobs, { path: '/jobs' })
  jobSockets(jobs, {
    owner(request) {
      expectTypeOf(request).toEqualTypeOf<IncomingMessage>()
      return request.headers.authorization
    },
  })
})
