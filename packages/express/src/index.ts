export type { JobHandler, RequestWithJob } from './handlers'
export type { JobRoutesOptions, RespondAsyncOptions } from './respond-async'
export { jobRoutes, respondAsync } from './respond-async'
