import type { JobStore } from '@respond-async/core'
import type { OpenedStore } from './store-case'

/** How long an answer may take, in milliseconds: one of 64 MiB takes its time on a busy machine. */
const ANSWER_MS = 60_000

/** What comes of it. @throws {Error} that begins with `late`, where nothing has come in time. */
export async function within<T>(ms: number, work: T | PromiseLike<T>, late: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${late} within ${ms} ms`)), ms)
  })
  return Promise.race([work, over]).finally(() => clearTimeout(timer))
}

/** The answer of a method, which has a bound. */
export const answerOf = <T>(name: string, work: T | PromiseLike<T>): Promise<T> => within(ANSWER_MS, work, `${name}() has not answered`)

/** The same, with a bound on each of its calls: whoever ends the whole case would not know which of them never answered. */
export function inTime(opened: OpenedStore): OpenedStore {
  const a = bounded(opened.a)
  const { reopen, handOvers } = opened
  return {
    ...{ a, b: opened.b === opened.a ? a : bounded(opened.b) },
    reopen: reopen && (async () => bounded<JobStore>(await answerOf('reopen', reopen.call(opened)))),
    handOvers: handOvers && bounded(handOvers),
  }
}

/** Has what `of` has, and nothing else: what is there says what a store can do. */
const bounded = <T extends object>(of: T, path = ''): T =>
  new Proxy({} as T, {
    get(_, name) {
      const member: unknown = Reflect.get(of, name)
      if (name === 'blobs' && typeof member === 'object' && member) return bounded(member, 'blobs.')
      if (typeof member !== 'function') return member
      return (...given: unknown[]) => {
        const answer: unknown = Reflect.apply(member, of, given)
        const isPromise = typeof Object(answer).then === 'function'
        return isPromise ? answerOf(`${path}${String(name)}`, answer) : answer
      }
    },
  })
