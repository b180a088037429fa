import type { Audit, AuditResult, Level } from './audit'
import { audits } from './audits'
import { hasStatus } from './expectation'
import { readReply, reasonOf } from './reply'
import { createSubject, type Fetch, LONGEST_LOOK_MS } from './subject'
import { FEATURES, type Feature } from './target'

/** Options of {@link runAudits}. */
export interface AuditOptions {
  /** URL of the server with the target, with its path prefix if any: `http://127.0.0.1:3000`. */
  url: string
  /** @default the global fetch */
  fetch?: Fetch
  /** Run only audits of this level, or with these ids. @default all */
  only?: Level | readonly string[]
  /** Path of the wrapped handlers below `url`. @default '/audit' */
  target?: string
  /** Expected path of the job routes, as clients see it; checked if given. @default that of the first Location */
  path?: string
  /** Header fields for every request, for a server behind a login. */
  headers?: Readonly<Record<string, string>>
  /** Features of the target. @default those from `GET /audit` */
  features?: readonly Feature[]
  /**
   * Known deviations: reasons by audit id. Such an audit is reported as skipped if it fails, and as failed if it passes, so that no pin
   * outlives its cause.
   */
  deviations?: Readonly<Record<string, string>>
  /** Number of audits that run at once, 1 to 64. They share no jobs. @default 16 */
  concurrency?: number
  /** Time limit of one audit, in milliseconds, at least 1_000; after it the audit fails. @default 20_000 */
  timeoutMs?: number
  /** Called with every result as it comes. */
  onResult?: (result: AuditResult, done: number, total: number) => void
}

const TIMEOUT_MS = 20_000
const TARGET = '/audit'
/** How long an audit that has run out of time may take to say what it was waiting for, in milliseconds: one poll and a little more. */
const WORD_MS = LONGEST_LOOK_MS + 100
/** How long releasing the jobs that an audit has left held may take, in milliseconds. */
const TIDY_MS = 5_000

/** The server cannot be audited: it cannot be reached, has no target, or an option is wrong. `message` says what to do. */
export class AuditError extends Error {
  override readonly name = 'AuditError'
}

/**
 * Audits a server. Resolves to one result for each chosen audit, in the order of {@link audits}.
 *
 * @throws {AuditError} if the server cannot be reached, has no target, or an option is wrong
 */
export async function runAudits(options: AuditOptions): Promise<AuditResult[]> {
  const chosen = choose(options)
  const fetch: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init))
  const features = new Set(options.features ?? (await readFeatures(options, fetch)))
  const results: AuditResult[] = []
  let next = 0
  let done = 0
  const work = async () => {
    for (let at = next++; at < chosen.length; at = next++) {
      const audit = chosen[at] as Audit // `at` is within the list
      const result = await runOne(audit, options, fetch, features)
      results[at] = result
      options.onResult?.(result, ++done, chosen.length)
    }
  }
  await Promise.all(Array.from({ length: Math.min(chosen.length, options.concurrency ?? 16) }, work))
  return results
}

function choose({ url, only, deviations = {}, concurrency = 16, timeoutMs = TIMEOUT_MS }: AuditOptions): readonly Audit[] {
  if (!/^https?:\/\/[^/?#]+/.test(url))
    throw new AuditError(`The URL has to be absolute, such as http://127.0.0.1:3000, not ${JSON.stringify(url)}.`)
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 64)
    throw new AuditError(`concurrency has to be from 1 to 64, not ${concurrency}.`)
  if (!(timeoutMs >= 1_000)) throw new AuditError(`timeoutMs has to be at least 1_000, not ${timeoutMs}.`)
  const ids = new Set(audits.map(({ id }) => id))
  const wanted = typeof only === 'string' || only === undefined ? [] : only
  const unknown = [...wanted, ...Object.keys(deviations)].find((id) => !ids.has(id))
  if (unknown !== undefined) throw new AuditError(`There is no audit ${unknown}; the ids are in docs/protocol.md.`)
  return audits.filter(({ id, level }) => only === undefined || (typeof only === 'string' ? level === only : only.includes(id)))
}

async function runOne(audit: Audit, options: AuditOptions, fetch: Fetch, features: ReadonlySet<Feature>): Promise<AuditResult> {
  const { id, level, title } = audit
  const about = { id, level, title }
  const lacking = audit.needs?.find((feature) => !features.has(feature))
  if (lacking) return { ...about, status: 'skipped', why: `the target lacks ${lacking}` }
  const why = await failureOf(audit, options, fetch, features)
  const known = options.deviations?.[id]
  if (known === undefined) return why === undefined ? { ...about, status: 'passed' } : { ...about, status: 'failed', why }
  if (why === undefined) return { ...about, status: 'failed', why: `pinned as a known deviation, but it passes: remove the pin (${known})` }
  return { ...about, status: 'skipped', why: `known deviation: ${known}` }
}

/** Runs an audit; resolves to why it failed, `undefined` if it passed. */
async function failureOf(audit: Audit, options: AuditOptions, fetch: Fetch, features: ReadonlySet<Feature>): Promise<string | undefined> {
  const { url, target = TARGET, path, headers = {}, timeoutMs = TIMEOUT_MS } = options
  let tidy = async (_signal: AbortSignal) => {}
  try {
    await inTime(timeoutMs, (signal) => {
      const made = createSubject({ url, target, path, fetch, headers, features, signal })
      tidy = made.tidy
      return audit.run(made.subject)
    })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    await inTime(TIDY_MS, tidy).catch(() => {}) // what is held comes to rest by itself
  }
}

/**
 * Runs `work` for at most `ms` milliseconds. Its signal aborts when the time is up or the work is done; after a timeout the work may still
 * reject first, to say what it was waiting for.
 */
async function inTime<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const late = new Error(`not finished within ${ms} ms`)
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      stop.abort(late)
      timer = setTimeout(() => reject(late), WORD_MS)
    }, ms)
  })
  try {
    return await Promise.race([work(stop.signal), over])
  } finally {
    clearTimeout(timer)
    stop.abort(late)
  }
}

async function readFeatures(options: AuditOptions, fetch: Fetch): Promise<Feature[]> {
  const { url, target = TARGET, headers = {}, timeoutMs = TIMEOUT_MS } = options
  const address = `${url.replace(/\/+$/, '')}${target}`
  const ask = async (signal: AbortSignal) =>
    readReply(`GET ${target}`, await fetch(address, { method: 'GET', headers, redirect: 'manual', signal }))
  const reply = await inTime(timeoutMs, ask).catch((cause) => {
    throw new AuditError(`${address} cannot be reached (${reasonOf(cause)}): start the server, or check the URL.`, { cause })
  })
  try {
    hasStatus(reply, 200)
    const said = reply.json().features
    if (!Array.isArray(said)) throw new Error('features is no list')
    return FEATURES.filter((feature) => said.includes(feature))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AuditError(
      `There is no audit target at ${address} (${reason}): add one, as the README of @respond-async/http-audits shows.`,
      { cause },
    )
  }
}
