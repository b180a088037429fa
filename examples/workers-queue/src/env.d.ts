/** What `wrangler types` writes from wrangler.jsonc. */
declare namespace Cloudflare {
  interface Env {
    JOBS: DurableObjectNamespace<import('./worker').JobObject>
    QUEUE: Queue
  }
}
