/** `npm run demo`: an upload becomes a report through 202, on each framework in turn. */
import { readArguments, USAGE } from './arguments.ts'
import { DemoError } from './demo-error.ts'
import { type Outcome, run } from './outcome.ts'
import { openSample } from './sample.ts'
import { clearBar, line, style } from './screen.ts'
import { serve } from './serve.ts'
import { stopServers } from './server.ts'
import { summarise } from './summary.ts'

let stopping = false

async function main(): Promise<void> {
  const { frameworks, serve: stays, help, port, file } = readArguments(process.argv.slice(2))
  if (help) return line(USAGE)
  // Not `once`: log-update restores the cursor, and would end the process at once if it found no other listener.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(stays))
  const sample = await openSample(file)
  const [first] = frameworks
  if (stays && first) return await serve(first, sample, port)
  line()
  const outcomes: Outcome[] = []
  for (const framework of frameworks) outcomes.push(await run(framework, sample, port))
  summarise(outcomes)
}

/** `meant`: a server that was started with --serve is meant to be stopped; a demo run is not. */
async function stop(meant: boolean): Promise<void> {
  if (stopping) return
  stopping = true
  clearBar()
  await stopServers()
  line('\nStopped.')
  process.exit(meant ? 0 : 130)
}

try {
  await main()
} catch (error) {
  if (!stopping) {
    console.error(error instanceof DemoError ? style.bad(`\n${error.message}`) : error)
    process.exitCode = 1
  }
} finally {
  await stopServers()
}
