declare namespace Cloudflare {
  interface Env {
    JOBS: DurableObjectNamespace<import('./worker').JobObject>
    KIT: DurableObjectNamespace<import('./worker').KitObject>
    ORPHAN: DurableObjectNamespace<import('./worker').OrphanObject>
    QUEUED: DurableObjectNamespace<import('./worker').QueuedObject>
    QUEUE: Queue
    DB: D1Database
    FLOW_DB: D1Database
    BUCKET: R2Bucket
    WORKFLOW: Workflow
    LAZY: DurableObjectNamespace<import('./worker').LazyObject>
  }
  interface GlobalProps {
    mainModule: typeof import('./worker')
  }
}

/** The part of Node's that the tests use: its own types and those of Workers do not go together. */
declare module 'node:async_hooks' {
  export class AsyncLocalStorage<T> {
    run<R>(store: T, work: () => R): R
    getStore(): T | undefined
  }
}
