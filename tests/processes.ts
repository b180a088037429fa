import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { build } from 'esbuild'

export interface Process {
  readonly pid: number
  /** Resolves when it has ended, whoever ended it. */
  readonly exited: Promise<unknown>
  /** Sends the signal, to its whole group where it leads one. None is sent when it has ended. */
  signal(signal: NodeJS.Signals): void
  /** Sends the signal and resolves when the process has ended. */
  end(signal: NodeJS.Signals): Promise<void>
}

/** A module, from source, as one text: packages of this repository are in it, all others are imported when it runs. */
export async function bundled(entry: string): Promise<string> {
  const others = {
    name: 'others',
    setup({ onResolve }: Parameters<NonNullable<Parameters<typeof build>[0]['plugins']>[number]['setup']>[0]) {
      onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
        kind === 'entry-point' || path.startsWith('@respond-async/') ? null : { path, external: true },
      )
    },
  }
  const built = await build({
    ...{ entryPoints: [entry], bundle: true, write: false, format: 'esm', platform: 'node', target: 'node22', logLevel: 'error' },
    ...{ conditions: ['@respond-async/source'], plugins: [others] },
  })
  return built.outputFiles?.[0]?.text ?? ''
}

/**
 * Runs a module as a process of its own, until the test process ends at the latest. Resolves with the first message that it sends
 * with `process.send`. Its imports are those of the folder of `entry`.
 *
 * With `leads` it leads a group of its own: what it starts is signaled with it, and ends when it does.
 */
export async function startProcess<T>(
  entry: string,
  code: string,
  env: Record<string, string>,
  { leads = false } = {},
): Promise<Process & { readonly said: T }> {
  const child = spawn(process.execPath, ['--input-type=module', '-'], {
    cwd: dirname(entry),
    detached: leads,
    stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  })
  const signal = (name: NodeJS.Signals) => {
    if (leads) signalGroup(child, name)
    else child.kill(name)
  }
  const endWithUs = () => signal('SIGKILL')
  atExit.add(endWithUs)
  child.stdin?.end(code)
  const exited = once(child, 'exit')
  exited.then(() => {
    atExit.delete(endWithUs)
    if (leads) signal('SIGKILL')
  })
  const early = exited.then(([code, signal]) => {
    throw new Error(`${entry} ended with ${code ?? signal} before it was ready`)
  })
  early.catch(() => {}) // later on it is meant to end
  const [said] = await Promise.race([once(child, 'message'), early])
  return {
    ...{ pid: child.pid ?? 0, said, exited, signal },
    async end(name) {
      signal(name)
      await exited
    },
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // None of it is left.
  }
}

const atExit = new Set<() => void>()
process.on('exit', () => {
  for (const end of atExit) end()
})
