import { type Client, createClient } from '../client'
import { orAborted, scope } from '../clock'
import { ClientError, JobCanceledError, JobFailedError, ProblemError } from '../errors'
import type { Job } from '../job'
import { isOver } from '../status-document'
import { type Arguments, readArguments, USAGE, UsageError } from './arguments'
import { headersOf, messageOf } from './message'
import { checkOutput, OutputError, writeLine, writeResult } from './output'
import { plain, type Screen, screenOn, silent } from './screen'

const EXIT = {
  succeeded: 0,
  failed: 1,
  usage: 2,
  canceled: 3,
  timedOut: 4,
  refused: 5,
  unreachable: 6,
  unwritten: 7,
  interrupted: 130,
} as const

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

const say = (text: string) => void process.stderr.write(`${text}\n`)

/** The command line: resolves to the exit code. */
export async function main(given: readonly string[]): Promise<number> {
  process.stderr.on('error', () => {}) // its reader has left, as with `2>&1 | head`, but there is still a result
  let screen: Screen = silent
  let command: Arguments['command'] | undefined
  const interrupt = new AbortController()
  try {
    const args = readArguments(given)
    command = args.command
    if (command === 'help') {
      console.log(USAGE)
      return EXIT.succeeded
    }
    if (!args.quiet) screen = screenOn(process.stderr)
    if (args.output !== undefined) await checkOutput(args.output)
    const client = createClient({ events: args.events, fetch: (url, init) => answered(screen, url, init) })
    const { signal } = scope([interrupt.signal], args.timeoutMs, () => new ClientError('timed_out', lateText(args)))
    let job: Job | undefined
    let isCanceling = false
    const stop = () => {
      if (args.cancelOnInterrupt && job && !isCanceling) {
        isCanceling = true
        screen.clear()
        say('Requesting cancellation …')
        job.cancel().catch((error) => interrupt.abort(error))
        return
      }
      // A second signal gets the system's default, which also ends a wait for a pipe that nobody opens.
      for (const name of SIGNALS) process.removeListener(name, stop)
      interrupt.abort()
    }
    for (const name of SIGNALS) process.on(name, stop)
    const work = async (): Promise<number> => {
      if (command === 'cancel') return cancel(client, args, signal)
      job = await begin(client, args, signal)
      if (args.detach && job.url !== undefined) {
        await writeLine(job.url)
        return EXIT.succeeded
      }
      for await (const status of job) screen.show(status)
      screen.clear()
      await writeResult(await job.result(), args.output)
      return EXIT.succeeded
    }
    try {
      // Stops waiting also for what ignores the signal: stdin, a file.
      return await orAborted(work(), signal)
    } catch (error) {
      screen.clear()
      sayWhatIsLeft(job, error)
      throw error
    }
  } catch (error) {
    return interrupt.signal.aborted && !(error instanceof ProblemError) ? EXIT.interrupted : explain(error, command)
  }
}

const lateText = ({ timeoutMs = 0 }: Arguments) => `Not finished within ${timeoutMs / 1_000} s.`

/** Tells how to resume a job that the server still has. */
function sayWhatIsLeft(job: Job | undefined, error: unknown): void {
  const { url, status } = job ?? {}
  const isGone = error instanceof ProblemError && (error.status === 404 || error.status === 410)
  if (url === undefined || !status || isGone) return
  if (!isOver(status)) say(`The job goes on. To follow it: respond-async watch ${url}`)
  else if (status.status === 'succeeded') say(`The result is still on the server. To get it: respond-async watch ${url}`)
}

/** `fetch` that notes failures on the screen, since the client retries silently. */
async function answered(screen: Screen, url: string, init?: RequestInit): Promise<Response> {
  try {
    const response = await fetch(url, init)
    if (response.status >= 500 || response.status === 429) screen.note(`${new URL(url).host} answered ${response.status}`)
    return response
  } catch (error) {
    if (!init?.signal?.aborted) screen.note(`no answer from ${new URL(url).host}${reasonOf(error)}`)
    throw error
  }
}

async function begin(client: Client, args: Arguments, signal: AbortSignal): Promise<Job> {
  if (args.command === 'watch') return client.resume(args.url, { signal, headers: await headersOf(args.header) })
  return client.submit(args.url, await messageOf(args), { signal, idempotencyKey: args.idempotencyKey })
}

/** Exit code 0 if the job is or will be canceled, 1 if it has finished otherwise. */
async function cancel(client: Client, args: Arguments, signal: AbortSignal): Promise<number> {
  const job = client.resume(args.url, { signal, headers: await headersOf(args.header) })
  const document = await job.cancel()
  await writeLine(document.status)
  return document.status === 'succeeded' || document.status === 'failed' ? EXIT.failed : EXIT.succeeded
}

function explain(error: unknown, command: Arguments['command'] | undefined): number {
  const { code } = error instanceof ClientError ? error : {}
  if (error instanceof UsageError || code === 'invalid_option') {
    say(`${(error as Error).message}\n\n${USAGE}`)
    return EXIT.usage
  }
  if (error instanceof JobCanceledError) {
    say(plain(error.message))
    return EXIT.canceled
  }
  if (error instanceof JobFailedError) {
    say(`failed (${plain(error.code)}): ${plain(error.message)}`)
    if (error.response) say(`Its response: ${error.job.links.result}`)
    return EXIT.failed
  }
  if (error instanceof ProblemError) {
    say(`${error.status} (${plain(error.code)}): ${plain(error.message)}`)
    if (error.status === 405 && command === 'submit') say('To follow a job by its status URL: respond-async watch URL')
    return EXIT.refused
  }
  say(plain(`${error instanceof Error ? error.message : String(error)}${reasonOf(error)}`))
  if (error instanceof OutputError) return EXIT.unwritten
  return code === 'timed_out' ? EXIT.timedOut : EXIT.unreachable
}

/** The cause of an error, in parentheses. */
function reasonOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : { cause: undefined }
  const deeper = cause instanceof Error ? (cause.cause instanceof Error ? cause.cause : cause) : undefined
  // One of several addresses has no message of its own, only a code.
  return deeper ? ` (${deeper.message || (deeper as NodeJS.ErrnoException).code || deeper.name})` : ''
}
