/** A process that is told to end ends in good order: it takes nothing more, and loses nothing. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { check, type Seen } from './check'
import { look, type Reply, submit } from './client'
import { type Fleet, startFleet } from './fleet'
import { chosen, type StoreServer } from './pairs'

const WAIT = { timeout: 30_000, interval: 20 }
const OPTIONS = { leaseMs: 30_000, sweepMs: 300, startDeadlineMs: 1_000 }

describe.each(chosen(['sqlite', 'postgres', 'redis', 'bullmq', 'pgBoss']))('$title', { timeout: 60_000 }, (pair) => {
  let server: StoreServer
  let fleet: Fleet
  afterEach(async () => {
    await fleet?.stop()
    await server?.stop()
  })

  it.skipIf(pair.skipped)('finishes what it can, hands back what it cannot', async () => {
    server = await pair.start()
    const apart = pair.roles.includes('worker')
    fleet = await startFleet({ ...pair, roles: apart ? ['web', 'worker'] : ['web worker'], url: server.url, jobs: OPTIONS, drainMs: 1_000 })
    const [web = fleet.members[0]] = fleet.members
    const worker = fleet.members.at(-1)
    const port = web?.port ?? 0
    const accepted: { key: string; id: string }[] = []
    const take = async (key: string, gate?: string): Promise<Reply> => {
      const reply = await submit(port, { key, ms: 50, gate })
      if (reply.status === 202) accepted.push({ key, id: reply.body.id ?? '' })
      return reply
    }
    const started = (keys: string[]) =>
      vi.waitFor(() => {
        const begun = fleet.lines().map(({ key }) => key)
        for (const key of keys) expect(begun).toContain(key)
      }, WAIT)

    // Four run at once: two that end while it drains, two that do not; two more wait.
    for (const key of ['a', 'b', 'c', 'd']) await take(key, key < 'c' ? 'soon' : 'late')
    await started(['a', 'b', 'c', 'd'])
    for (const key of ['e', 'f']) await take(key)
    const ended = worker?.end()
    if (!apart) {
      const refused = await vi.waitFor(async () => {
        const reply = await take(`more-${accepted.length}`)
        expect(reply.body.code).toBe('draining')
        return reply
      }, WAIT)
      expect(refused.status).toBe(503)
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    fleet.open('soon')
    await ended
    const left = fleet.lines()
    expect(left.filter(({ event }) => event === 'end').map(({ key }) => key)).toEqual(expect.arrayContaining(['a', 'b']))
    expect(left.filter(({ key, event }) => event === 'end' && (key === 'c' || key === 'd'))).toEqual([])

    const second = await startFleet({ ...pair, roles: apart ? ['web', 'worker'] : ['web worker'], url: server.url, jobs: OPTIONS })
    try {
      second.open('late')
      const [other = 0] = second.ports()
      const seen: Seen[] = []
      for (const { id } of accepted)
        await vi.waitFor(async () => {
          const one = await look(other, id)
          expect(one?.status).toBe('succeeded')
          if (one) seen.push(one)
        }, WAIT)
      const lines = [...left, ...second.lines()]
      expect(check({ accepted, lines, seen }).violations).toEqual([])
      // What was handed back is run at once by the other, long before its lease would have been over.
      for (const key of ['c', 'd'])
        expect(lines.filter((line) => line.key === key && line.event === 'start').map(({ attempt }) => attempt)).toEqual([1, 2])
      for (const key of ['a', 'b'])
        expect(lines.filter((line) => line.key === key && line.event === 'start').map(({ attempt }) => attempt)).toEqual([1])
    } finally {
      await second.stop()
    }
  })
})
