/** Serves an audit target on the runtime that runs this file, and prints where: `bun serve.ts hono`, `deno run serve.ts fetch`. */
import { inProcess } from '@respond-async/core'
import type { AuditSet } from '@respond-async/http-audits/target'
import { fetchTarget } from '../audits/fetch-target.ts'
import { honoTarget } from '../audits/hono-target.ts'

declare const Bun: { serve(options: object): { port: number } } | undefined
declare const Deno:
  | { args: string[]; serve(options: object, handler: (request: Request) => Response | Promise<Response>): { addr: { port: number } } }
  | undefined

const engine = (set: AuditSet) => inProcess(set.engine)
const app = honoTarget({ engine })
const targets = { hono: (request: Request) => app.fetch(request), fetch: fetchTarget(engine) }

const args = typeof Deno === 'undefined' ? process.argv.slice(2) : Deno.args
const target = targets[args[0] as keyof typeof targets]
const where = { port: 0, hostname: '127.0.0.1' }
if (typeof Deno !== 'undefined') {
  const { addr } = Deno.serve({ ...where, onListen() {} }, target)
  console.log(`http://127.0.0.1:${addr.port}`)
} else if (typeof Bun !== 'undefined') {
  const { port } = Bun.serve({ ...where, fetch: target })
  console.log(`http://127.0.0.1:${port}`)
} else throw new Error('This is for Bun and Deno.')
