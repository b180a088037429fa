/** Where the CPU time of one contender goes: `node benchmarks/profile.ts express respond-async accept`. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Contender, GROUPS } from './harness/contenders.ts'
import { startGenerator } from './harness/generator.ts'
import { type Server, startServer } from './harness/server.ts'
import { STORE_GROUPS, type StoreGroup, withGroup } from './stores/groups.ts'

interface Profile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}
interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

/** Between two samples. */
const INTERVAL_US = 200
const [groupName, kind = 'respond-async', scenario = 'accept', steps = '40000', lines = '30'] = process.argv.slice(2)
const isKind = (one: Contender) => one.kind === kind
const found = GROUPS.find(({ name }) => name === groupName)?.contenders.find(isKind)
const stores = STORE_GROUPS.find(({ name }) => name === groupName)
if (!found && !stores) throw new Error('node benchmarks/profile.ts <framework, redis or postgres> <contender> <scenario> [steps] [lines]')

const { nodes, samples, timeDeltas } = found
  ? await record(found)
  : await withGroup(stores as StoreGroup, ({ contenders }) => record(contenders.find(isKind) as Contender)) // every one has each kind

function record(contender: Contender): Promise<Profile> {
  return contender.runtime === 'node' ? recordNode(contender) : recordWorker(contender)
}

/** The whole life of the process. */
async function recordNode(contender: Contender): Promise<Profile> {
  const folder = mkdtempSync(join(tmpdir(), 'benchmark-profile-'))
  const server = await startServer(contender, ['--cpu-prof', `--cpu-prof-interval=${INTERVAL_US}`, `--cpu-prof-dir=${folder}`])
  await load(server)
  await server.stop()
  const [file = ''] = readdirSync(folder)
  const profile = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  rmSync(folder, { recursive: true })
  return profile
}

/** The load alone, by way of the inspector. workerd bundles a Worker into one file, so all of its functions are of that. */
async function recordWorker(contender: Contender): Promise<Profile> {
  const server = await startServer(contender, ['--inspector-addr=127.0.0.1:0'])
  const socket = new WebSocket(server.debuggerUrl as string) // it was started with an inspector
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = reject
  })
  let calls = 0
  const call = (method: string, params = {}) =>
    new Promise<{ profile: Profile }>((resolve) => {
      const id = ++calls
      socket.addEventListener('message', ({ data }) => {
        const answer = JSON.parse(data)
        if (answer.id === id) resolve(answer.result)
      })
      socket.send(JSON.stringify({ id, method, params }))
    })
  await call('Profiler.enable')
  await call('Profiler.setSamplingInterval', { interval: INTERVAL_US })
  await call('Profiler.start')
  await load(server)
  const { profile } = await call('Profiler.stop')
  socket.close()
  await server.stop()
  return profile
}

async function load({ port }: Server): Promise<void> {
  const generator = startGenerator()
  await generator.run({ port, scenario, steps: Number(steps), awake: found !== undefined }, async () => {})
  generator.stop()
}

const took = new Map<number, number>()
for (const [index, id] of samples.entries()) took.set(id, (took.get(id) ?? 0) + (timeDeltas[index] ?? 0))

const byId = new Map(nodes.map((node) => [node.id, node]))
const placeOf = ({ callFrame: { url } }: ProfileNode) =>
  url.replace(/^.*\/node_modules\//, '').replace(/^.*\/(packages|benchmarks)\//, '$1/')
const nameOf = (node: ProfileNode) => {
  const { functionName, lineNumber } = node.callFrame
  return `${functionName || '(anonymous)'} ${placeOf(node) && `${placeOf(node)}:${lineNumber + 1}`}`
}
/** `express`, `packages/core`, `node:internal`, or the engine's own. */
const partOf = (node: ProfileNode) =>
  /^(?:(?:packages|benchmarks)\/[^/]+|@[^/]+\/[^/]+|node:[^/]*|[^/]+)/.exec(placeOf(node))?.[0] ?? 'V8 and native code'

const self = new Map<string, number>()
const parts = new Map<string, number>()
const inclusive = new Map<string, number>()
const add = (to: Map<string, number>, name: string, time: number) => to.set(name, (to.get(name) ?? 0) + time)
let total = 0

/** A function counts once however often it stands on the stack. */
function visit(node: ProfileNode, above: ReadonlySet<string>): number {
  const name = nameOf(node)
  if (name.startsWith('(idle)')) return 0
  const own = took.get(node.id) ?? 0
  const onStack = above.has(name) ? above : new Set([...above, name])
  const below = (node.children ?? []).map((id) => visit(byId.get(id) as ProfileNode, onStack))
  const all = below.reduce((sum, time) => sum + time, own)
  add(self, name, own)
  add(parts, partOf(node), own)
  if (onStack !== above) add(inclusive, name, all)
  total += own
  return all
}
visit(nodes[0] as ProfileNode, new Set())

function print(title: string, times: Map<string, number>, shown: number): void {
  console.log(`\n${title}`)
  for (const [name, time] of [...times].sort((a, b) => b[1] - a[1]).slice(0, shown))
    console.log(`${((100 * time) / total).toFixed(1).padStart(5)} %  ${(time / Number(steps)).toFixed(2).padStart(6)} µs  ${name}`)
}
const ours = new Map([...inclusive].filter(([name]) => / (?:(?:packages|benchmarks)\/|worker\.js:)/.test(name)))
print('self time by part', parts, 12)
print('self time', self, Number(lines))
print('time with all that is called from there, own functions only', ours, Number(lines))
