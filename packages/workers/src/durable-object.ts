export { JobObject } from './job-object'
export type { JobNamespace } from './object-protocol'
export { type DurableObjectStoreOptions, durableObjectStore } from './object-store'
