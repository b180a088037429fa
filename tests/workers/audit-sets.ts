import { env } from 'cloudflare:workers'
import type { JobStore } from '@respond-async/core'
import { durableObjectStore, type JobNamespace, JobObject } from '@respond-async/workers/durable-object'

// A namespace for each set: the alarm of an object finds its jobs by it.
export class JobsObject extends JobObject {}
export class RedirectObject extends JobObject {}
export class ForgetfulObject extends JobObject {}
export class InlineObject extends JobObject {}
export class PendingObject extends JobObject {}
export class AbsoluteObject extends JobObject {}
export class CrowdedObject extends JobObject {}
export class StoppedObject extends JobObject {}

/** The store of a set, in the namespace that is bound by its name. */
export const storeOf = (set: string): JobStore => durableObjectStore((env as unknown as Record<string, JobNamespace>)[set] as JobNamespace)
