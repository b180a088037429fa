import { env } from 'cloudflare:workers'
import { durableObjectStore, type JobNamespace, JobObject } from '@respond-async/workers/durable-object'
import { auditRouter } from './workers-target'

// A namespace for each set: the alarm of an object finds its jobs by it.
export class JobsObject extends JobObject {}
export class RedirectObject extends JobObject {}
export class InlineObject extends JobObject {}
export class PendingObject extends JobObject {}
export class AbsoluteObject extends JobObject {}
export class ForgetfulObject extends JobObject {}
export class StoppedObject extends JobObject {}

export default auditRouter((set) => durableObjectStore((env as unknown as Record<string, JobNamespace>)[set] as JobNamespace))
