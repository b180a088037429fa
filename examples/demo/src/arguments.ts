import { parseArgs } from 'node:util'
import { DemoError } from './demo-error.ts'
import { FRAMEWORKS, type Framework } from './frameworks.ts'

export const USAGE = `npm run demo                        one upload through Express, Hono and a Worker in turn
npm run demo -- hono                through one of them only: ${FRAMEWORKS.map(({ name }) => name).join(', ')}
npm run demo -- express --serve     keeps a server running and prints curl lines
             --port 3000            on this port instead of a free one
             --file flights.csv     another file of flights or bird strikes: CSV, JSON or Parquet`

export interface Arguments {
  readonly frameworks: readonly Framework[]
  readonly serve: boolean
  readonly help: boolean
  /** 0: a free one. */
  readonly port: number
  readonly file: string | undefined
}

export function readArguments(given: readonly string[]): Arguments {
  const { positionals, values } = parse(given)
  const { serve = false, help = false, file } = values
  const frameworks = positionals.length === 0 ? FRAMEWORKS : positionals.map(named)
  const port = Number(values.port ?? 0)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw wrong(`--port must be a number from 0 to 65535, not "${values.port}".`)
  if (serve && frameworks.length !== 1) throw wrong('--serve keeps one server running: name it, as in "npm run demo -- express --serve".')
  if (values.port !== undefined && frameworks.length !== 1) throw wrong('--port works with one server only: name it.')
  return { frameworks, serve, help, port, file }
}

function parse(given: readonly string[]) {
  try {
    return parseArgs({
      args: [...given],
      allowPositionals: true,
      options: { serve: { type: 'boolean' }, port: { type: 'string' }, file: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    })
  } catch (error) {
    const [sentence] = String((error as Error).message).split('. ')
    throw wrong(`${sentence}.`)
  }
}

function named(name: string): Framework {
  const found = FRAMEWORKS.find((framework) => framework.name === name)
  if (found) return found
  throw wrong(`There is no server "${name}".`)
}

const wrong = (sentence: string) => new DemoError(`${sentence}\n\n${USAGE}`)
