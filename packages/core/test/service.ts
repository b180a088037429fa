import {
  type Answer,
  type Body,
  type CapturedResponse,
  createJobs,
  type Execution,
  type JobStore,
  type Jobs,
  type JobsOptions,
  type JsonObject,
  memoryStore,
  type OperationOptions,
  type Submission,
} from '../src/index'

/** The smallest adapter there can be: requests and answers are plain objects, handlers get the execution itself. */
export interface Service {
  readonly jobs: Jobs<Caller>
  readonly errors: unknown[]
  wrap(name: string, options: OperationOptions<Caller>, handler: (execution: Execution) => Promise<CapturedResponse>): void
  post(operation: string, request?: RequestInput): Promise<Answer | undefined>
  /** Submits with a body that the test reads out itself. */
  accept(operation: string, readBody: Submission['readBody'], headers?: Record<string, string>): Promise<Answer | undefined>
  send(method: string, path: string, headers?: Record<string, string>): Promise<Answer | undefined>
}
export interface Caller {
  readonly user?: string
}
interface RequestInput {
  readonly headers?: Record<string, string>
  readonly body?: Body | null
  readonly user?: string
  readonly context?: JsonObject
}

export function createService(options: JobsOptions<Caller> = {}): Service {
  const errors: unknown[] = []
  const jobs = createJobs<Caller>({ onError: (error) => errors.push(error), random: () => 0.5, ...options })
  return {
    jobs,
    errors,
    wrap: (name, how, handler) => jobs.define(name, how, handler),
    post: (operation, { headers = {}, body = null, user, context } = {}) =>
      jobs.accept(
        operation,
        submission(operation, headers, () => body, user, context),
      ),
    accept: (operation, readBody, headers = {}) => jobs.accept(operation, submission(operation, headers, readBody)),
    send(method, path, headers = {}) {
      const [where = ''] = path.split('?')
      const request = { method, url: path, headers: { get: (name: string) => headers[name] ?? null } }
      return jobs.route(request, { native: { user: headers['x-user'] }, mount: '/jobs', rest: where.slice('/jobs'.length) })
    },
  }
}

function submission(
  operation: string,
  headers: Record<string, string>,
  readBody: Submission['readBody'],
  user?: string,
  context?: JsonObject,
): Submission<Caller> {
  return {
    ...{ method: 'POST', url: `/${operation}`, native: { user }, readBody },
    headers: { get: (name) => headers[name] ?? null },
    headerFields: () => headers,
    context: () => context,
  }
}

/** A memory store as several services share it, one after the other or at once. */
export function sharedStore(extra: Partial<JobStore> = {}): JobStore {
  const alone = memoryStore()
  return { ...alone, capabilities: { ...alone.capabilities, durable: true, shared: true }, ...extra }
}

export const idOf = (path: string): string => path.slice('/jobs/'.length)

/** Where an answer says that its job is. */
export const location = (answer: Answer | undefined): string => String(answer?.headers.Location)

/** The JSON of an answer. */
export const json = (answer: Answer | undefined): Record<string, unknown> => JSON.parse(String(answer?.body))

export const ok = (value: unknown): CapturedResponse => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

/** A promise and what settles it. */
export function gate<T = void>() {
  let open!: (value: T) => void
  const opened = new Promise<T>((resolve) => {
    open = resolve
  })
  return { open, opened }
}
