/** Processes whose clocks are half a minute before and behind: no job is taken from a worker that lives, none is run twice. */
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { check, type Seen } from './check'
import { look, submit } from './client'
import { startFleet } from './fleet'
import { chosen } from './pairs'

const OPTIONS = { leaseMs: 3_000, sweepMs: 300, startDeadlineMs: 3_000 }
const CLOCKS = [30_000, -30_000, 0]

describe('clocks that differ by a minute', { timeout: 90_000 }, () => {
  it.concurrent.for(chosen(['sqlite', 'postgres', 'redis', 'bullmq', 'pgBoss']))('$title', async (pair, { skip, onTestFinished }) => {
    if (pair.skipped) skip()
    const server = await pair.start()
    onTestFinished(() => server.stop())
    // Where two accept and two work, the workers' clocks are the other way round.
    const clocks = pair.roles.includes('worker') ? [30_000, -30_000, -30_000, 30_000] : CLOCKS
    const fleet = await startFleet({ ...pair, url: server.url, jobs: OPTIONS, clocks })
    onTestFinished(() => fleet.stop())

    const works = fleet.ports().flatMap((port) => [
      // Much longer than a lease, and silent; and more than run at once, so that some wait longer than their deadline.
      ...[0, 1, 2, 3].map((at) => ({ port, work: { key: `long-${port}-${at}`, ms: 8_000 } })),
      ...[0, 1, 2].map((at) => ({ port, work: { key: `short-${port}-${at}`, ms: 200 } })),
    ])
    const accepted: { key: string; id: string }[] = []
    for (const { port, work } of works) {
      const { status, body } = await submit(port, work)
      expect(status).toBe(202)
      accepted.push({ key: work.key, id: body.id ?? '' })
    }
    const seen: Seen[] = []
    const over = new Set<string>()
    // Asked all the time by all clocks: a read repairs what it takes for overdue.
    const until = Date.now() + 75_000
    while (over.size < accepted.length && Date.now() < until) {
      for (const port of fleet.ports())
        for (const { id } of accepted) {
          const one = await look(port, id).catch(() => null)
          if (!one) continue
          seen.push(one)
          if (one.status !== 'queued' && one.status !== 'running') over.add(id)
        }
      await setTimeout(100)
    }
    const lines = fleet.lines()
    const left = accepted.filter(({ id }) => !over.has(id))
    const lastSeen = left.map(({ key, id }) => ({
      key,
      seen: seen.findLast((one) => one.id === id),
      lines: lines.filter((line) => line.id === id),
    }))
    expect(lastSeen, fleet.errors()).toEqual([])
    expect(check({ accepted, lines, seen }).violations).toEqual([])
    expect(lines.filter(({ attempt }) => attempt > 1)).toEqual([])
    expect(lines.filter(({ event }) => event === 'start')).toHaveLength(accepted.length)
    expect(fleet.fallen).toBe(0)
  })
})
