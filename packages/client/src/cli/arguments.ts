import { parseArgs } from 'node:util'

export const USAGE = `Usage
  respond-async [METHOD] URL [options]   submits a request (POST by default), follows the job, prints its result
  respond-async watch URL [options]      follows a job by its status URL, prints its result
  respond-async cancel URL [options]     requests cancellation of a job by its status URL, prints its state

Request
  --json VALUE            a JSON body: text, @file, or @- for stdin
  --data VALUE            any other body: text, @file, or @- for stdin; set its type with -H "Content-Type: …"
  --form NAME=VALUE       a form field, or NAME=@file for a file; may be repeated
  -H, --header FIELD      "Name: value", or @file with one on each line; may be repeated; sent only to the origin of URL
  --idempotency-key KEY   used instead of a generated one

Result
  -o, --output FILE       saves the result instead of printing it
  --detach                prints the status URL once the request is accepted, and exits
  --timeout SECONDS       how long to wait in total, including stdin and the result
  --cancel-on-interrupt   Ctrl-C requests cancellation; without it the job goes on and its URL is shown
  --no-events             polls even if the server offers events
  -q, --quiet             shows no progress
  -h, --help              prints this help

Exit codes
  0 succeeded   1 failed   2 wrong usage   3 canceled   4 timed out   5 refused by the server   6 unreachable   7 result not written
  130 interrupted`

/** An error in the command line; shown with the usage. */
export class UsageError extends Error {}

type Command = 'submit' | 'watch' | 'cancel'

export interface Arguments {
  readonly command: Command | 'help'
  readonly method: string
  readonly url: string
  readonly json: string | undefined
  readonly data: string | undefined
  readonly form: readonly string[]
  readonly header: readonly string[]
  readonly idempotencyKey: string | undefined
  readonly output: string | undefined
  readonly detach: boolean
  readonly timeoutMs: number | undefined
  readonly cancelOnInterrupt: boolean
  readonly events: boolean
  readonly quiet: boolean
}

const OPTIONS = {
  json: { type: 'string' },
  data: { type: 'string' },
  form: { type: 'string', multiple: true },
  header: { type: 'string', short: 'H', multiple: true },
  'idempotency-key': { type: 'string' },
  output: { type: 'string', short: 'o' },
  detach: { type: 'boolean' },
  timeout: { type: 'string' },
  'cancel-on-interrupt': { type: 'boolean' },
  'no-events': { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
  help: { type: 'boolean', short: 'h' },
} as const

/** @throws {UsageError} */
export function readArguments(given: readonly string[]): Arguments {
  const { positionals, values } = parse(given)
  const [command, method, address, ...more] = split(positionals)
  if (more.length > 0)
    throw new UsageError(`Unexpected argument "${more[0]}": the URL is "${address}" already. Methods are written in capitals.`)
  const help = values.help === true || given.length === 0 || positionals[0] === 'help'
  const { json, data, form = [], header = [], output } = values
  if ([json, data, form[0]].filter((one) => one !== undefined).length > 1)
    throw new UsageError('Give only one of --json, --data and --form.')
  const sends = command === 'submit' && method !== 'GET' && method !== 'HEAD'
  if (!sends && [json, data, form[0]].some((one) => one !== undefined))
    throw new UsageError(`${command === 'submit' ? method : command} sends no body: --json, --data and --form cannot be used with it.`)
  const seconds = values.timeout === undefined ? undefined : Number(values.timeout)
  if (seconds !== undefined && !(seconds > 0))
    throw new UsageError(`--timeout must be a number of seconds above 0, not "${values.timeout}".`)
  return {
    ...{ command: help ? 'help' : command, method, url: help ? '' : urlOf(address), json, data, form, header, output },
    idempotencyKey: values['idempotency-key'],
    detach: values.detach ?? false,
    timeoutMs: seconds === undefined ? undefined : 1_000 * seconds,
    cancelOnInterrupt: values['cancel-on-interrupt'] ?? false,
    events: !values['no-events'],
    quiet: values.quiet ?? false,
  }
}

function split([first = '', ...rest]: readonly string[]): [Command, string, ...(string | undefined)[]] {
  if (first === 'watch' || first === 'cancel') return [first, 'GET', ...rest]
  if (/^[A-Z]+$/.test(first)) return ['submit', first, ...rest]
  return ['submit', 'POST', first, ...rest]
}

function urlOf(address: string | undefined): string {
  if (!address) throw new UsageError('The URL is missing.')
  // Without a scheme: http for this machine, otherwise https.
  const isHere = /^(?:localhost|127\.[\d.]+|\[::1\])(?:[:/?#]|$)/.test(address)
  const whole = /^[a-z][\w+.-]*:\/\//i.test(address) ? address : `${isHere ? 'http' : 'https'}://${address}`
  if (!URL.canParse(whole) || !/^https?:/i.test(whole)) throw new UsageError(`"${address}" is no http(s) URL.`)
  const { href, username, password } = new URL(whole)
  // The message does not show them.
  if (username || password) throw new UsageError('The URL must be without credentials: send them with -H "Authorization: …" or -H @file.')
  return href
}

function parse(given: readonly string[]) {
  try {
    return parseArgs({ args: [...given], allowPositionals: true, options: OPTIONS })
  } catch (error) {
    throw new UsageError(String((error as Error).message).split('. ')[0])
  }
}
