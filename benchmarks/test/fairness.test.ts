/**
 * The contenders of a framework must answer the same, or their figures cannot be compared: the same status and header fields, and
 * bodies of about the same size, for every request that is measured. Expects a build.
 */
import { afterAll, beforeAll, describe, test } from 'vitest'
import { withoutRedis } from '../../tests/redis.ts'
import { type Contender, GROUPS } from '../harness/contenders.ts'
import { type Server, startServer } from '../harness/server.ts'
import { STORE_GROUPS, withGroup } from '../stores/groups.ts'
import { answers, expectTheSame, type Seen, SITUATIONS, type Situation } from './answers.ts'

type Answers = Record<Situation, Seen>

describe.each(GROUPS.filter(({ contenders }) => contenders.length > 1))('$title', ({ contenders }) => {
  const seen: Record<string, Answers> = {}
  const servers: Server[] = []
  beforeAll(() => ask(contenders, seen, servers), 60_000)
  afterAll(() => Promise.all(servers.map((server) => server.stop())))

  test.each(SITUATIONS)('%s: the same status, header fields and size of body', (situation) => compare(seen, situation))
})

describe.each(STORE_GROUPS)('$title', (group) => {
  const skipped = group.name === 'redis' && withoutRedis
  const seen: Record<string, Answers> = {}
  beforeAll(async () => {
    const servers: Server[] = []
    const ended = () => Promise.all(servers.map((server) => server.stop()))
    if (!skipped) await withGroup(group, ({ contenders }) => ask(contenders, seen, servers).finally(ended))
  }, 120_000)

  test.skipIf(skipped).each(SITUATIONS)('%s: the same status, header fields and size of body', (situation) => compare(seen, situation))
})

async function ask(contenders: readonly Contender[], seen: Record<string, Answers>, servers: Server[]): Promise<void> {
  for (const contender of contenders) {
    const server = await startServer(contender)
    servers.push(server)
    seen[contender.name] = await answers(server)
  }
}

function compare(seen: Readonly<Record<string, Answers>>, situation: Situation): void {
  const of = (list: [string, Answers][]) => Object.fromEntries(list.map(([name, all]) => [name, all[situation]]))
  const [first, ...more] = Object.entries(seen).filter(([name]) => name.startsWith('hand-written'))
  const others = Object.entries(seen).filter(([name]) => !name.startsWith('hand-written'))
  expectTheSame(situation, (first as [string, Answers])[1][situation], of([...more, ...others])) // every group has one by hand
}
