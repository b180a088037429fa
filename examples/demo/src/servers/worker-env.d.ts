/** The bindings of the Worker, as `wrangler types` would write them. */
declare namespace Cloudflare {
  interface Env {
    JOBS: DurableObjectNamespace
  }
}
