import type { Line } from './task'

/** A job as a client saw it once. */
export interface Seen {
  readonly id: string
  /** `missing` where the API answered 404 or 410. */
  readonly status: string
  readonly attempt: number
  /** Number in the ETag. */
  readonly revision: number
  readonly percent?: number
  /** What the handler sent: it names the attempt that made it. */
  readonly result?: { readonly key: string; readonly attempt: number; readonly pid: number }
}

/** What happened in a run, from three sides: the clients, the handlers, the pollers. */
export interface Run {
  /** Every 202 that a client received. */
  readonly accepted: readonly { readonly key: string; readonly id: string }[]
  /** What the handlers wrote. */
  readonly lines: readonly Line[]
  /** What was read, those of one job in the order in which they were read. */
  readonly seen: readonly Seen[]
}

/** What must not be. */
export type Violation =
  | 'missing'
  | 'unfinished'
  | 'not succeeded'
  | 'final state changed'
  | 'attempt fell'
  | 'progress fell'
  | 'revision fell'
  | 'result of no finished attempt'
  | 'result of another attempt'
  | 'result of another job'
  | 'attempt run twice'
  | 'attempt after the end'
  | 'two jobs for one key'

export interface Report {
  /** In words, each beginning with its {@link Violation}. Empty where all is well. */
  readonly violations: readonly `${Violation}: ${string}`[]
  /** How often a handler began. */
  readonly runs: number
  /** Attempts that were given up while they still worked, and how long the worst of them went on beside its successor. */
  readonly overlaps: number
  readonly longestOverlapMs: number
  /** Finished attempts whose result came too late to be taken. */
  readonly refused: number
}

/** Compares what the API said with what the handlers wrote. Pure. */
export function check({ accepted, lines, seen }: Run): Report {
  const violations: `${Violation}: ${string}`[] = []
  const violated = (what: Violation, about: string) => void violations.push(`${what}: ${about}`)
  const linesOf = grouped(lines, ({ id }) => id)
  const seenOf = grouped(seen, ({ id }) => id)

  const idsOf = new Map<string, Set<string>>()
  for (const { key, id } of [...accepted, ...lines]) idsOf.set(key, (idsOf.get(key) ?? new Set()).add(id))
  for (const [key, ids] of idsOf) if (ids.size > 1) violated('two jobs for one key', `${key} made ${[...ids].join(' and ')}`)

  for (const { id, key } of new Map(accepted.map((one) => [one.id, one])).values()) {
    const last = seenOf.get(id)?.at(-1)
    if (!last || !isFinal(last.status)) violated('unfinished', `${id} was last seen ${last?.status ?? 'never'}`)
    else if (last.status !== 'succeeded') violated('not succeeded', `${id} has ${last.status}`)
    const { result } = last ?? {}
    if (last?.status !== 'succeeded') continue
    if (result?.key !== key) violated('result of another job', `${id} is ${key}, its result of ${result?.key}`)
    if (result?.attempt !== last.attempt)
      violated('result of another attempt', `${id} is at attempt ${last.attempt}, its result of ${result?.attempt}`)
    const made = (linesOf.get(id) ?? []).some(
      ({ event, attempt, pid }) => event === 'end' && attempt === result?.attempt && pid === result.pid,
    )
    if (!made) violated('result of no finished attempt', `${id} has one of attempt ${result?.attempt}, which no handler has finished`)
  }

  for (const [id, those] of seenOf) {
    for (const [at, now] of those.entries()) {
      const before = those[at - 1]
      if (now.status === 'missing') violated('missing', `${id} was there, then it was not`)
      if (!before || now.status === 'missing' || before.status === 'missing') continue
      if (now.attempt < before.attempt) violated('attempt fell', `${id} from ${before.attempt} to ${now.attempt}`)
      if (now.revision < before.revision) violated('revision fell', `${id} from ${before.revision} to ${now.revision}`)
      if ((now.percent ?? 0) < (before.percent ?? 0)) violated('progress fell', `${id} from ${before.percent} to ${now.percent}`)
      if (isFinal(before.status) && JSON.stringify(now) !== JSON.stringify(before))
        violated('final state changed', `${id} from ${JSON.stringify(before)} to ${JSON.stringify(now)}`)
    }
  }

  let overlaps = 0
  let longestOverlapMs = 0
  let refused = 0
  for (const [id, those] of linesOf) {
    const last = seenOf.get(id)?.at(-1)
    const starts = those.filter(({ event }) => event === 'start')
    for (const [attempt, begun] of grouped(starts, ({ attempt }) => attempt)) {
      if (begun.length > 1) violated('attempt run twice', `${id} attempt ${attempt} by ${begun.map(({ pid }) => pid).join(' and ')}`)
      if (last && isFinal(last.status) && attempt > last.attempt)
        violated('attempt after the end', `${id} ended with attempt ${last.attempt}, ${attempt} ran too`)
    }
    for (const { event, attempt, at } of those) {
      if (event !== 'end') continue
      if (last && attempt !== last.attempt) refused++
      const next = starts.find((start) => start.attempt > attempt)
      if (!next || next.at >= at) continue
      overlaps++
      longestOverlapMs = Math.max(longestOverlapMs, at - next.at)
    }
  }
  return { violations, runs: lines.filter(({ event }) => event === 'start').length, overlaps, longestOverlapMs, refused }
}

const isFinal = (status: string) => status === 'succeeded' || status === 'failed' || status === 'canceled'

function grouped<T, K>(items: readonly T[], by: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const group = groups.get(by(item))
    if (group) group.push(item)
    else groups.set(by(item), [item])
  }
  return groups
}
