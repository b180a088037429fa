/** Serves an audit target on the runtime that runs this file, and prints where: `bun serve.ts hono`, `deno run serve.ts fetch`. */
import { inProcess } from '@respond-async/core'
import type { AuditSet } from '@respond-async/http-audits/target'
import { fetchTarget } from '../audits/fetch-target.ts'
import { honoTarget } from '../audits/hono-target.ts'

type Serve = (request: Request, server?: object) => Response | Promise<Response>
declare const Bun: { serve(options: object): { port: number } } | undefined
declare const Deno: { args: string[]; serve(options: object, handler: Serve): { addr: { port: number } } } | undefined

const engine = (set: AuditSet) => inProcess(set.engine)
// Neither loads where the other runs.
const bun = typeof Deno === 'undefined' ? await import('hono/bun') : undefined
const { upgradeWebSocket } = bun ?? (await import('hono/deno'))
const app = honoTarget({ engine, upgradeWebSocket })
const targets: Record<string, Serve> = { hono: (request, server) => app.fetch(request, server), fetch: fetchTarget(engine) }

const args = typeof Deno === 'undefined' ? process.argv.slice(2) : Deno.args
const target = targets[args[0] ?? '']
if (!target) throw new Error(`One of ${Object.keys(targets).join(' and ')} is served.`)
const where = { port: 0, hostname: '127.0.0.1' }
if (typeof Deno !== 'undefined') {
  const { addr } = Deno.serve({ ...where, onListen() {} }, target)
  console.log(`http://127.0.0.1:${addr.port}`)
} else if (typeof Bun !== 'undefined') {
  const { port } = Bun.serve({ ...where, fetch: target, websocket: bun?.websocket })
  console.log(`http://127.0.0.1:${port}`)
} else throw new Error('This is for Bun and Deno.')
