import type { Job, WebhookMessage, WebhookReply, WebhookSender } from '../../src/index'
import { isTerminal } from '../../src/lifecycle'
import { NEVER, sleep, type World } from './conditions'
import type { Server } from './store'

/** More tries than a schedule has time for: whoever is owed a message gets it. */
const PAUSES_MS = [500, 1_000, 2_000, 4_000, ...Array<number>(20).fill(8_000)]
const SEND_MS = 8_000
/** So far the clocks of processes may differ: beyond it one may begin a try while the try of another is on its way. */
const CLOCKS_MS = 30_000

/** Who is told of the end of jobs: slow, and not always in the mood. `clocksApart`: how far those of the senders differ. */
export function createReceiver(world: World, { records }: Server, clocksApart: () => number) {
  const { roll, wrong } = world
  const under = new Map<string, number>()
  const told = new Set<string>()
  const send = async ({ body, job: { id } }: WebhookMessage, isDead: () => boolean): Promise<WebhookReply> => {
    const job = records.get(id)
    if (!job || !isTerminal(job.status)) wrong.add('a job was told of that is not over')
    else if (job.goneAt === undefined && JSON.parse(body).type !== `job.${job.status}`) wrong.add('another end was told')
    if (isDead()) return NEVER
    const others = under.get(id) ?? 0
    if (others > 0 && clocksApart() < CLOCKS_MS) wrong.add('one end was told twice at once')
    under.set(id, others + 1)
    if (!world.isCalm) await sleep(roll(SEND_MS))
    under.set(id, (under.get(id) ?? 1) - 1)
    if (isDead()) return NEVER
    const mood = world.isCalm ? 9 : roll(10)
    if (mood === 0) return { error: 'connection refused' }
    if (mood === 1) return { status: 500, retryAfterMs: roll(3_000) }
    told.add(id)
    return { status: 200 }
  }
  return {
    /** What a process sends with. */
    sender: (isDead: () => boolean): WebhookSender => ({
      retryMs: PAUSES_MS,
      refusal: () => undefined,
      check: async () => undefined,
      send: (message) => send(message, isDead),
    }),
    /** Looks at a job that has been over for long. */
    check({ id, webhook, goneAt }: Job) {
      if (!webhook || goneAt !== undefined) return
      if (webhook.nextAt !== undefined) wrong.add('the end of a job is still owed')
      else if (!told.has(id)) wrong.add('the end of a job was not told')
    },
  }
}
