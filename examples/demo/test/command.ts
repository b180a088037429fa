/** The demo as a process, as `npm run demo` starts it once everything is built. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface Command {
  readonly child: ChildProcess
  /** What it has said so far, on both streams. */
  output(): string
  /** Resolves to the first match, as soon as it has been said. Rejects when it ends without. */
  says(pattern: RegExp): Promise<RegExpMatchArray>
  readonly exitCode: Promise<number | null>
}

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

export function demo(...args: string[]): Command {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
  const exitCode = once(child, 'close').then(([code]) => code as number | null)
  return {
    child,
    output: () => said,
    exitCode,
    async says(pattern) {
      for (;;) {
        const found = said.match(pattern)
        if (found) return found
        const ended = await Promise.race([once(child.stdout, 'data').then(() => false), exitCode.then(() => true)])
        if (ended && !said.match(pattern)) throw new Error(`It ended without saying ${pattern}:\n${said}`)
      }
    },
  }
}

/** How a demo ends that is left alone. */
export async function finished(...args: string[]): Promise<{ exitCode: number | null; output: string }> {
  const command = demo(...args)
  return { exitCode: await command.exitCode, output: command.output() }
}
