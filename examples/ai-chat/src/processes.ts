import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const children = new Set<ChildProcess>()

/** Runs a module of this folder as a process of its own. Resolves with what it says when it is ready. */
export async function start(module: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(module, import.meta.url))], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  })
  keep(child)
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${module} ended with ${code} before it was ready`)))
  ended.catch(() => {}) // later on it may end
  const [said] = (await Promise.race([once(child, 'message'), ended])) as [{ port?: number }]
  return { child, port: said.port ?? 0 }
}

/** Ends with this process at the latest. */
export function keep(child: ChildProcess): void {
  children.add(child)
  child.once('exit', () => children.delete(child))
}
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** Ends processes in good order, the last of them first. */
export async function end(...ending: ChildProcess[]): Promise<void> {
  for (const child of ending.reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }
}
