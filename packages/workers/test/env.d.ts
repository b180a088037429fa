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
