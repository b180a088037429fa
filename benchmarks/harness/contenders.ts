/** Which servers are compared. */
export type Kind = 'bare' | 'hand-written' | 'hand-written, another way' | 'respond-async' | 'respond-async with an engine'

export interface Contender {
  readonly name: string
  readonly kind: Kind
  readonly runtime: 'node' | 'workerd'
  /** File in servers/. */
  readonly file: string
  readonly args: readonly string[]
  /** The server that it keeps its jobs in, where that is a process of its own: measured apart. */
  readonly backend?: { cpuMs(): number }
}

export interface Group {
  readonly name: string
  readonly title: string
  readonly contenders: readonly Contender[]
}

const KINDS: readonly Kind[] = ['bare', 'hand-written', 'respond-async']
const three = (prefix: string, runtime: Contender['runtime'], args: readonly string[] = []): Contender[] =>
  KINDS.map((kind) => ({ name: kind, kind, runtime, file: `${prefix}-${kind}.ts`, args }))

export const GROUPS: readonly Group[] = [
  { name: 'node', title: 'node:http', contenders: [{ name: 'bare', kind: 'bare', runtime: 'node', file: 'node-bare.ts', args: [] }] },
  { name: 'express', title: 'Express 5 behind express.json()', contenders: three('express', 'node') },
  { name: 'express-no-parser', title: 'Express 5 without a body parser', contenders: three('express', 'node', ['no-parser']) },
  { name: 'hono', title: 'Hono on Node', contenders: three('hono', 'node') },
  { name: 'itty', title: 'itty-router on workerd', contenders: three('itty', 'workerd') },
]
