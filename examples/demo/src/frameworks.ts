import { fileURLToPath } from 'node:url'

export interface Framework {
  /** What it is called on the command line. */
  readonly name: string
  readonly title: string
  /** The source of the server, worth reading. */
  readonly source: string
  /** The file that Node runs. */
  readonly program: string
}

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export const FRAMEWORKS: readonly Framework[] = [
  { name: 'express', title: 'Express on Node', source: at('servers/express.ts'), program: at('servers/express.ts') },
  { name: 'hono', title: 'Hono on Node', source: at('servers/hono.ts'), program: at('servers/hono.ts') },
  { name: 'worker', title: 'Worker in workerd', source: at('servers/worker.ts'), program: at('servers/workerd.ts') },
]
