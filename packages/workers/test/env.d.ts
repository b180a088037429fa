declare namespace Cloudflare {
  interface Env {
    JOBS: DurableObjectNamespace<import('./worker').JobObject>
    KIT: DurableObjectNamespace<import('./worker').KitObject>
    ORPHAN: DurableObjectNamespace<import('./worker').OrphanObject>
    LAZY: DurableObjectNamespace<import('./worker').LazyObject>
  }
  interface GlobalProps {
    mainModule: typeof import('./worker')
  }
}
