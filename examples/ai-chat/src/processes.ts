import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const children = new Set<ChildProcess>()

/** Runs a module of this folder in a process of its own. Resolves once the process says that it is ready. */
export async function start(module: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(module, import.meta.url))], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  })
  keep(child)
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${module} exited with ${code} before it was ready`)))
  ended.catch(() => {}) // after that it may exit
  const [said] = (await Promise.race([once(child, 'message'), ended])) as [{ port?: number }]
  return { child, port: said.port ?? 0 }
}

/** Kills the child when this process exits, if it is still running. */
export function keep(child: ChildProcess): void {
  children.add(child)
  child.once('exit', () => children.delete(child))
}
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** Stops processes one after the other, the last one first, and waits for each. */
export async function end(...ending: ChildProcess[]): Promise<void> {
  for (const child of ending.reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }
}
