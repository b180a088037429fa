declare namespace Cloudflare {
  interface Env {
    JOBS: DurableObjectNamespace<import('./worker').JobObject>
    KIT: DurableObjectNamespace<import('./worker').KitObject>
  }
}
