/** The load process as the harness sees it. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { LoadMessage, LoadOrder, LoadResult } from './load.ts'
import { pinned } from './pinning.ts'
import { told } from './server.ts'

export interface Generator {
  /**
   * Runs a scenario; `around` is called right before the first and after the last of its requests.
   *
   * @param settled resolves when the jobs that were accepted have run, where a moment is not enough for that
   */
  run(order: LoadOrder, around: (when: 'before' | 'after') => Promise<void>, settled?: () => Promise<void>): Promise<LoadResult>
  stop(): void
}

/** Jobs that were accepted last still run for a moment when their requests have been answered. */
const SETTLE_MS = 60

export function startGenerator(): Generator {
  const file = fileURLToPath(new URL('./load.ts', import.meta.url))
  const [command = '', ...args] = pinned('load', [process.execPath, file])
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const say = async (what: LoadOrder | 'go'): Promise<LoadMessage> => {
    const answer = told<LoadMessage>(child)
    child.send(what)
    const message = await answer
    if (message.kind === 'failed') throw new Error(message.error)
    return message
  }
  return {
    async run(order, around, settled) {
      await say(order)
      await around('before')
      const result = await say('go')
      await settled?.()
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
      await around('after')
      await say('go')
      if (result.kind !== 'done') throw new Error('The load process is out of step')
      return result
    },
    stop: () => void child.kill(),
  }
}
