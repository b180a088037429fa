export type { JobDatabase, JobStatement } from './d1-database'
export { D1_SCHEMA } from './d1-schema'
export { type D1StoreOptions, d1Store } from './d1-store'
