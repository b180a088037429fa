import { inProcess, type JobEngine } from '@respond-async/core'

/**
 * Takes only the message, as an engine of other processes does: the handler's request has to be rebuilt. Like all of these it runs
 * nothing before `jobs.start()`.
 */
export function replaying(): JobEngine {
  const engine = inProcess()
  return {
    ...engine,
    capabilities: { ...engine.capabilities, remote: true },
    reserve: undefined,
    dispatch: (message, { delayMs }) => engine.dispatch(message, { delayMs }),
  }
}
