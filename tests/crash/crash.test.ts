/** Processes die in the middle of their work, and the store's server once: nothing that was accepted is lost, and nothing is done wrong. */
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { check, type Seen } from './check'
import { look, submit } from './client'
import { type Fleet, startFleet } from './fleet'
import { chosen, type StoreServer } from './pairs'
import { randomFrom } from './random'
import type { Work } from './task'

const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000)
/** As many at once, then a pause: most wait in the memory of a process when it is killed. */
const BURST = 15
const PAUSE_MS = 350

const OPTIONS = { leaseMs: 1_000, sweepMs: 300, startDeadlineMs: 1_000, storeTimeoutMs: 3_000 }

describe.each(chosen())('$title', (pair) => {
  const JOBS = Number(process.env.CRASH_JOBS ?? pair.jobs)
  const LIMIT_MS = 60_000 + JOBS * 200
  const WAIT = { timeout: LIMIT_MS, interval: 20 }
  let server: StoreServer
  let fleet: Fleet
  afterEach(async () => {
    await fleet?.stop()
    await server?.stop()
  })

  it.skipIf(pair.skipped)(`does ${JOBS} jobs while it is killed again and again`, { timeout: 2 * LIMIT_MS }, async () => {
    const random = randomFrom(SEED)
    const began = Date.now()
    server = await pair.start()
    fleet = await startFleet({ ...pair, url: server.url, jobs: OPTIONS })

    const accepted: { key: string; id: string }[] = []
    const seen: Seen[] = []
    const unexpected: string[] = []
    const counts = { kills: 0, freezes: 0, stalls: 0, restarts: 0, submits: 0, polls: 0, broken: 0 }
    const anyPort = () => random.of(fleet.ports())

    /** Until there is a 202, as a client does that sends a key. */
    const submitted = async (work: Work) => {
      for (;;) {
        const port = anyPort()
        if (port !== undefined) {
          counts.submits++
          const answer = await submit(port, work).catch(() => null)
          if (answer?.status === 202) return void accepted.push({ key: work.key, id: answer.body.id ?? '' })
          counts.broken++
          if (answer && answer.status !== 503) return void unexpected.push(`${work.key} was answered ${answer.status}`)
        }
        await setTimeout(100)
      }
    }

    let polling = true
    const over = new Set<string>()
    /** Asks for everything again and again, of any process; for what is over now and then. Never twice at once for the same job. */
    const poll = async (lane: number, lanes: number) => {
      while (polling) {
        for (const { id } of [...accepted].filter((_, at) => at % lanes === lane)) {
          if (over.has(id) && random.number() < 0.95) continue
          const port = anyPort()
          const one = port === undefined ? null : await look(port, id).catch(() => null)
          counts.polls++
          if (!one) continue
          seen.push(one)
          if (one.status === 'succeeded' || one.status === 'failed') over.add(id)
        }
        await setTimeout(20)
      }
    }
    const polls = Promise.all([0, 1, 2, 3].map((lane) => poll(lane, 4)))

    const mishaps: Promise<void>[] = []
    const mishap = () => {
      const member = random.of(fleet.members.filter(({ up }) => up))
      // Where one process is all there is, it may be frozen just now: the first one waits for it.
      if (!member) return void (counts.kills === 0 && submitting && setTimeout(20).then(mishap))
      if (counts.kills > 0 && random.number() < 0.2) {
        counts.freezes++
        mishaps.push(member.freeze(OPTIONS.leaseMs * 2.5))
      } else {
        counts.kills++
        mishaps.push(member.kill())
      }
    }
    let submitting = true
    /** Takes a worker for dead that is not: it comes back with its work done, while another does the same again. One at a time. */
    const stallWorkers = async () => {
      for (; submitting; counts.stalls++) {
        const key = `stalled-${counts.stalls}`
        await submitted({ key, ms: 1.5 * OPTIONS.leaseMs })
        const line = await vi.waitUntil(() => fleet.lines().find((one) => one.key === key && one.event === 'start'), WAIT)
        await fleet.members.find(({ pid }) => pid === line.pid)?.freeze(2.6 * OPTIONS.leaseMs)
        // Where one process is all there is, nothing was done meanwhile.
        if (fleet.members.length === 1) await setTimeout(4 * OPTIONS.leaseMs)
      }
    }
    const restartServer = async () => {
      counts.restarts++
      await server.kill?.()
      await setTimeout(300)
      await server.restart?.()
    }

    /**
     * Whether one process, all there is, has as much in progress as it can do in the time between two kills. All of it begins again
     * after each of them, at once and beside what is new: if it were more each time, it would never be done.
     */
    const isFull = (submitted: number) => fleet.members.length === 1 && submitted + counts.stalls - over.size > 10 * BURST

    mishaps.push(stallWorkers())
    const submits: Promise<void>[] = []
    for (let job = 0; job < JOBS; ) {
      for (const last = Math.min(job + BURST, JOBS); job < last; job++)
        submits.push(submitted({ key: `job-${job}`, ms: random.between(5, 100), steps: random.between(1, 4) }))
      if (server.restart && counts.restarts === 0 && job >= JOBS / 2) mishaps.push(restartServer())
      if (job === BURST || random.number() < 0.6) void setTimeout(random.between(10, 150)).then(mishap)
      await setTimeout(PAUSE_MS)
      // Where one process is all there is, those that wait would only pile up.
      while (fleet.ports().length === 0 || job - accepted.length > 4 * BURST || isFull(job)) await setTimeout(20)
    }
    await Promise.all(submits)
    submitting = false
    await setTimeout(200)
    await Promise.all(mishaps)
    for (const until = Date.now() + LIMIT_MS; accepted.some(({ id }) => !over.has(id)) && Date.now() < until; ) await setTimeout(50)
    polling = false
    await polls
    // At last all are asked for everything, and say the same.
    for (const port of fleet.ports())
      for (const { id } of accepted) seen.push((await look(port, id)) ?? { id, status: 'no answer', attempt: 0, revision: 0 })

    const report = check({ accepted, lines: fleet.lines(), seen })
    const { violations, ...figures } = report
    console.log(
      `${pair.title}: ${JSON.stringify({ seed: SEED, accepted: accepted.length, ...counts, ...figures, ms: Date.now() - began })}`,
    )
    if (violations.length > 0) console.log(fleet.errors())
    expect(violations).toEqual([])
    expect(unexpected).toEqual([])
    expect(accepted).toHaveLength(JOBS + counts.stalls)
    expect(fleet.fallen).toBe(0)
    expect(counts.kills).toBeGreaterThan(0)
  })
})
