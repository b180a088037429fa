#!/usr/bin/env node
import process from 'node:process'
import { type Command, readCommand, USAGE } from './command'
import { AuditError, runAudits } from './index'
import { report } from './report'

/** Fewer characters cannot hold a title beside its id. */
const MIN_WIDTH = 60

async function main(): Promise<number> {
  let command: Command | null
  try {
    command = readCommand(process.argv.slice(2))
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
    return 2
  }
  if (!command) {
    console.log(USAGE)
    return 0
  }
  const { stdout, stderr } = process
  const line = (text: string) => stderr.isTTY && stderr.write(`\r\u001b[K${text.slice(0, (stderr.columns ?? 80) - 1)}`)
  try {
    const results = await runAudits({
      ...command.audit,
      onResult: ({ id, title }, done, total) => line(`${String(done).padStart(3)}/${total}  ${id}  ${title}`),
    })
    line('')
    const color = stdout.isTTY && process.env.NO_COLOR === undefined
    console.log(
      command.json ? JSON.stringify(results, null, 2) : report(results, { color, width: Math.max(MIN_WIDTH, stdout.columns ?? 120) }),
    )
    return results.some(({ level, status }) => level === 'MUST' && status === 'failed') ? 1 : 0
  } catch (error) {
    line('')
    // Anything else is a bug of this program: shown with its stack.
    if (!(error instanceof AuditError)) throw error
    console.error(error.message)
    return 2
  }
}

process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') return // its reader has left, `| head`
  process.exitCode = 2
  console.error(`The results could not be written (${code}).`)
})

const code = await main()
process.exitCode ??= code
