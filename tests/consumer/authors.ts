// What those who build on the contracts export: with "declaration", every type in it must have a name that can be imported.
import type { DispatchContext, JobEngine, JobStore, LeftMessage, RunContext, StoreHost } from '@respond-async/core'
import type { JobRoutesOptions } from '@respond-async/hono'

export class HeldEngine {
  readonly left: LeftMessage[] = []
  async stop(): Promise<readonly LeftMessage[]> {
    return this.left
  }
}
export const stopped = (engine: JobEngine) => engine.stop?.(0)
export const partsOf = (engine: JobEngine, { local, reservation, platform }: DispatchContext, { onChange }: RunContext) => {
  return { ...engine, local, reservation, platform, onChange }
}
export const doubled = (store: JobStore, host: StoreHost) => ({ ...store, ...host })
export const upgradeOf = ({ upgradeWebSocket }: JobRoutesOptions) => upgradeWebSocket
