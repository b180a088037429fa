import { parseArgs } from 'node:util'
import type { Level } from './audit'
import type { AuditOptions } from './run'

export const USAGE = `Usage: http-audits <url> [options]

Checks a running server against the respond-async protocol. The server has to offer the audit target: see the README of
@respond-async/http-audits.

  <url>              URL of the server, with its path prefix if any: http://127.0.0.1:3000/api

  --only <what>      only the audits of this level, MUST or SHOULD, or with these ids: POL3,CAN2
  --path <path>      where the job routes must be, as clients see them: /jobs
  --target <path>    where the wrapped handlers of the target are, below the URL (default: /audit)
  --header <field>   sent with every request; may be repeated: 'authorization: Bearer x'
  --skip <id=why>    a known deviation with its reason; may be repeated: 'POL18=no estimates here'
  --concurrency <n>  how many audits run at once, 1 to 64 (default: 16)
  --json             prints the results as JSON
  --help             prints this help

Exit code: 0 no MUST failed, 1 a MUST failed, 2 wrong usage, a server that cannot be audited, or results that could not be written.`

export interface Command {
  readonly audit: AuditOptions
  readonly json: boolean
}

/** Reads the arguments. `null`: help was requested. @throws {Error} with a sentence that says what is wrong */
export function readCommand(args: readonly string[]): Command | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      path: { type: 'string' },
      target: { type: 'string' },
      header: { type: 'string', multiple: true, default: [] },
      skip: { type: 'string', multiple: true, default: [] },
      concurrency: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const [url, ...more] = positionals
  if (url === undefined || more.length > 0) throw new Error(`Give exactly one URL, not ${positionals.length}.`)
  return {
    json: values.json,
    audit: {
      url,
      only: readOnly(values.only),
      path: readPath('--path', values.path),
      target: readPath('--target', values.target),
      headers: Object.fromEntries(values.header.map(readHeader)),
      deviations: Object.fromEntries(values.skip.map(readSkip)),
      concurrency: values.concurrency === undefined ? undefined : Number(values.concurrency),
    },
  }
}

function readOnly(value: string | undefined): Level | readonly string[] | undefined {
  const upper = value?.toUpperCase()
  return upper === 'MUST' || upper === 'SHOULD' ? upper : upper?.split(',').map((id) => id.trim())
}

function readPath(option: string, value: string | undefined): string | undefined {
  if (value !== undefined && !/^\/[^?#\s]*[^/?#\s]$/.test(value))
    throw new Error(`${option} must be a path such as /jobs, not ${JSON.stringify(value)}.`)
  return value
}

function readHeader(field: string): [name: string, value: string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*)$/.exec(field) ?? []
  if (name === undefined || value === undefined) throw new Error(`--header must be 'name: value', not ${JSON.stringify(field)}.`)
  return [name.toLowerCase(), value]
}

function readSkip(pin: string): [id: string, reason: string] {
  const [, id, reason] = /^(\w+)=(.+)$/.exec(pin) ?? []
  if (id === undefined || reason === undefined) throw new Error(`--skip must be 'ID=reason', not ${JSON.stringify(pin)}.`)
  return [id.toUpperCase(), reason]
}
