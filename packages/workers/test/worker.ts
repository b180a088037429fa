import { JobObject } from '../src/durable-object'

export { JobObject }
/** A namespace for the store alone: no jobs are made for it, and nobody minds that the cases are long overdue. */
export class KitObject extends JobObject {
  override async alarm() {}
}

export default {
  fetch: () => new Response('ok'),
} satisfies ExportedHandler
