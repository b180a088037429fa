import { fileURLToPath } from 'node:url'

export interface Framework {
  /** What it is called on the command line. */
  readonly name: string
  readonly title: string
  /** The server, from this folder: what there is to read. */
  readonly source: string
  /** What Node is started with. */
  readonly program: string
}

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export const FRAMEWORKS: readonly Framework[] = [
  { name: 'express', title: 'Express on Node', source: at('servers/express.ts'), program: at('servers/express.ts') },
  { name: 'hono', title: 'Hono on Node', source: at('servers/hono.ts'), program: at('servers/hono.ts') },
  { name: 'worker', title: 'Worker in workerd', source: at('servers/worker.ts'), program: at('servers/workerd.ts') },
]
