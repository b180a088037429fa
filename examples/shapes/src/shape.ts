import type { Jobs, JobsOptions } from '@respond-async/core'
import type { Express, Request } from 'express'

/** One of the APIs: its application and its jobs. {@link Overrides} let a test bring its own ids and clock. */
export interface Shape {
  readonly app: Express
  readonly jobs: Jobs<Request>
}
export type Overrides = Pick<JobsOptions<Request>, 'newId' | 'now' | 'engine' | 'random' | 'onError'>
