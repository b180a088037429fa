import { vi } from 'vitest'
import { type Answer, inProcess, type Job, type JobEngine, type Submission } from '../../src/index'
import { isTerminal } from '../../src/lifecycle'
import { createService, idOf, json, location, type Service } from '../service'
import { CONCURRENCY, type Conditions, dice, MAX_RUN_MS, OPERATIONS, SETTINGS, type Step, sleep, type World } from './conditions'
import { createFollowers } from './followers'
import { createHandler, largeBody, requestOf } from './handler'
import { unsteadyQueue } from './queue'
import { createReceiver } from './receiver'
import { createServer, reach, type Server } from './store'

/** What a stop takes at most besides its time: an end is tried to be written five times, with pauses, and then what waits is handed back. */
const STOP_MS = 7_250 + 7 * SETTINGS.storeTimeoutMs
const HOUR_MS = 3_600_000

interface Process extends Service {
  readonly engine: JobEngine
  skew: number
  awayUntil: number
  isDead: boolean
  isStopping: boolean
  isStopped: boolean
}

/** Several processes over one store live through the steps, and then as long as it takes without faults. Resolves to what was wrong. */
export async function live(how: Conditions, steps: readonly Step[]): Promise<string[]> {
  const roll = dice(how.seed)
  const wrong = new Set<string>()
  const world: World = { how, wrong, roll, isCalm: false }
  const processes: Process[] = []
  const clocksApart = () => Math.max(...processes.map(({ skew }) => skew)) - Math.min(...processes.map(({ skew }) => skew))
  const server = createServer(world)
  const { records } = server
  const queue = unsteadyQueue(world)
  const receiver = createReceiver(world, server, clocksApart)
  const followers = createFollowers(world, server)
  const began = new Map<string, number[]>()
  const told: { readonly path: string; readonly wish: string }[] = []

  const begin = (skew: number) => {
    const here = (): Process => process
    const engine = how.engine === 'queue' ? queue.engine() : inProcess({ concurrency: CONCURRENCY, maxQueued: 20 })
    const random = () => roll(1_000) / 1_000
    const newId = () => `00000000-0000-4000-8000-${String(roll(2 ** 40)).padStart(12, '0')}`
    const webhooks = receiver.sender(() => here().isDead)
    const options = { ...SETTINGS, ...reach(server, world, here), tombstoneMs: HOUR_MS, engine, random, newId, webhooks }
    const service = createService({ ...options, now: () => Date.now() + process.skew })
    const process: Process = { ...service, engine, skew, awayUntil: 0, isDead: false, isStopping: false, isStopped: false }
    const handler = createHandler(world, server, began, () => here().isStopped)
    for (const [name, options] of Object.entries(OPERATIONS)) service.wrap(name, { ...options, maxRunMs: MAX_RUN_MS }, handler)
    processes.push(process)
    void service.jobs.start()
  }
  const up = () => processes.filter(({ isDead, isStopping }) => !isDead && !isStopping)

  let unanswered = 0
  const ask = (work: Promise<unknown>) => {
    unanswered++
    const failed = (error: unknown) => {
      if (error instanceof TypeError) wrong.add(String(error.stack)) // all others are of the store, or refusals
    }
    work.catch(failed).finally(() => unanswered--)
  }
  const submit = async (by: Process, step: Step) => {
    const { operation, key } = step
    const body = requestOf(step)
    const answer = await by.accept(operation, reading(body), key === undefined ? {} : { 'idempotency-key': key })
    if (answer?.status !== 202 || by.isDead) return
    const path = location(answer)
    if (!records.has(idOf(path))) wrong.add('a job was not there when its 202 left')
    const wish = `${key} ${operation} ${body}`
    const same = told.find((one) => key !== undefined && one.wish === wish && records.get(idOf(one.path))?.goneAt === undefined)
    if (same && same.path !== path) wrong.add('one key made two jobs')
    told.push({ path, wish })
    const anyone = up()[roll(up().length)] as Process
    if (roll(2) === 0) ask(follow(anyone, path))
    for (let ms = 400; step.plan === 'stream' && ms < 10_000; ms += 1_000 + roll(2_000)) ask(sleep(ms).then(() => read(anyone, path)))
  }
  const shown = new Map<string, string>()
  const poll = async (by: Process, path: string, headers: Record<string, string> = {}) => {
    const answer = await by.send('GET', path, headers)
    if (answer?.status === 404) wrong.add('a job that was told of is not found')
    if (answer?.status === 200 || answer?.status === 202) checkDocument(answer, shown, path, wrong)
  }
  const follow = async (by: Process, path: string) => {
    const answer = await by.send('GET', `${path}/events`)
    if (answer)
      followers.events(
        answer,
        path,
        () => by.isDead,
        () => by.isStopping,
      )
  }
  const read = async (by: Process, path: string) => {
    const answer = await by.send('GET', `${path}/stream`)
    if (answer) followers.stream(answer, path, () => by.isDead)
  }
  const stop = async (by: Process, drainMs: number) => {
    const from = performance.now()
    await by.jobs.stop({ drainMs })
    by.isStopped = true
    if (performance.now() - from > drainMs + STOP_MS) wrong.add('a stop took too long')
  }
  const act = (step: Step) => {
    const { what, ms } = step
    const by = up()[step.process % up().length] as Process
    const path = told[step.job % Math.max(1, told.length)]?.path ?? '/jobs/none'
    switch (what) {
      case 'submit':
        return ask(submit(by, step))
      case 'cancel':
        return ask(by.jobs.cancel(idOf(path)))
      case 'purge':
        return ask(by.jobs.purge(idOf(path)))
      case 'retry':
        return ask(by.jobs.retry(idOf(path)))
      case 'poll':
      case 'wait':
        return path === '/jobs/none' ? undefined : ask(poll(by, path, what === 'wait' ? { prefer: 'wait=10' } : {}))
      case 'follow':
        return ask(follow(by, path))
      case 'read':
        return ask(read(by, path))
      case 'list':
        return ask(by.jobs.list({ owner: null }))
      case 'sweep':
        return ask(by.jobs.sweep())
      case 'set clock':
        by.skew = 4 * ms - 28_000
        return
      case 'cut off':
        by.awayUntil = Date.now() + ms
        return
      case 'stop':
        begin(by.skew)
        by.isStopping = true
        return ask(stop(by, ms % 300))
      case 'kill':
        begin(by.skew)
        by.isDead = true
    }
  }
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      await vi.advanceTimersByTimeAsync(Math.min(500, ms - passed))
      queue.deliver()
    }
  }

  for (const skew of how.skews) begin(skew)
  for (const step of steps) {
    act(step)
    await pass(step.pauseMs)
  }
  world.isCalm = true
  await pass(300_000) // three attempts that hang, their pauses, and a queue that lost each of them
  for (const { path } of told)
    for (const by of up()) {
      ask(poll(by, path))
      await vi.advanceTimersByTimeAsync(1)
    }
  const isSmooth = how.faults === 0 && steps.every(({ what }) => what !== 'kill' && what !== 'cut off')
  for (const job of records.values()) {
    if (!isTerminal(job.status)) wrong.add(`a job never ended, it is ${job.status}`)
    if ((began.get(job.id) ?? []).length > job.maxAttempts) wrong.add('a handler was called too often')
    receiver.check(job)
    checkBodies(server, job, isSmooth, wrong)
  }
  followers.check()
  for (const { engine } of up()) {
    let slots = 0
    while (engine.reserve?.(0)?.starts) slots++
    if (engine.reserve && slots !== CONCURRENCY) wrong.add('a slot was never given back')
  }
  for (const by of up()) ask(by.jobs.stop({ drainMs: 0 }))
  await pass(5_000)
  // Whoever has asked a process that died waits for ever.
  if (!processes.some(({ isDead }) => isDead)) {
    if (unanswered > 0) wrong.add('somebody was never answered')
    if (vi.getTimerCount() > 0) wrong.add('timers are left')
  }
  return [...wrong]
}

/** A body as it arrives: a short one at once, a longer one in pieces. */
const reading =
  (body: string): Submission['readBody'] =>
  (_limit, _isWanted, sink) => {
    if (!sink || body.length <= sink.after) return body
    const write = async () => {
      for (let at = 0; at < body.length; at += 100_000) await sink.write(Buffer.from(body.slice(at, at + 100_000)))
      return null
    }
    return write()
  }

function checkDocument(answer: Answer, shown: Map<string, string>, path: string, wrong: Set<string>): void {
  const document = json(answer)
  const isOver = isTerminal(document.status as Job['status'])
  if (Object.values(document).includes(null)) wrong.add('a document has members that are null')
  if (isOver !== (answer.status === 200) || isOver !== 'finishedAt' in document || isOver === 'retryAfterMs' in document)
    wrong.add('a document is not that of its state')
  if ((document.status === 'running') !== 'startedAt' in document && !isOver) wrong.add('startedAt is not that of its state')
  if (!isOver) return
  if ((shown.get(path) ?? answer.body) !== answer.body) wrong.add('the document of a finished job changed')
  shown.set(path, String(answer.body))
}

/** `isSmooth`: nothing has gone wrong by which something may be left over until the job goes. */
function checkBodies({ chunks }: Server, { id, attempt, response, goneAt }: Job, isSmooth: boolean, wrong: Set<string>): void {
  const kept = [...chunks.keys()].filter((key) => key.startsWith(`${id}/`))
  const own = `${id}/response-${attempt}/`
  if (isSmooth && goneAt !== undefined && kept.length > 0) wrong.add('a job is gone, and its bodies are not')
  if (goneAt !== undefined || !response) return
  if (isSmooth && kept.some((key) => !key.startsWith(own) && !key.startsWith(`${id}/request/`)))
    wrong.add('the body of another attempt is kept')
  if (response.chunkBytes === undefined) return
  const pieces = Array.from(
    { length: Math.ceil(response.size / response.chunkBytes) },
    (_, n) => chunks.get(`${own}${n}`) ?? Buffer.from('lost'),
  )
  if (!largeBody(attempt, response.size).equals(Buffer.concat(pieces))) wrong.add('a large result is not what was written')
}
