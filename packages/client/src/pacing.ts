/** When to ask again. */

import type { Settings } from './options'

/** Longest advice of a server that is heeded, in milliseconds (a day): timers cannot count much further and would fire at once. */
const LONGEST_ADVICE = 86_400_000
const FIRST_PAUSE = 1_000
const FIRST_BACKOFF = 500

export interface Pace {
  /** No two requests are closer than this, in milliseconds, whatever a server says. */
  readonly minMs: number
  /** Longest pause of our own making, in milliseconds. What a server advises may be longer. */
  readonly maxMs: number
  readonly random: () => number
}

/**
 * `Retry-After` in milliseconds: whole seconds or an HTTP date, by the server's own clock where it sends one. Seconds with decimals
 * are taken for what they mean. `undefined` for what means nothing: negative, empty, words, dates gone by.
 */
export function retryAfterOf(headers: Headers, now: number): number | undefined {
  const field = headers.get('retry-after')?.trim() ?? ''
  if (/^\d+(\.\d+)?$/.test(field)) return bounded(1_000 * Number(field))
  // Date.parse takes a lot for a date, "-5" too: those of HTTP begin with the name of a day.
  if (!/^[A-Za-z]{3,9},? /.test(field)) return undefined
  const date = Date.parse(headers.get('date') ?? '')
  return bounded(Date.parse(field) - (Number.isNaN(date) ? now : date))
}

/** What an answer advises, in milliseconds: `retryAfterMs` of its document where that is the same advice, said finer. */
export function adviceOf(headers: Headers, document: { readonly retryAfterMs?: number }, now: number): number | undefined {
  const field = retryAfterOf(headers, now)
  const finer = bounded(document.retryAfterMs)
  return finer !== undefined && (field === undefined || Math.abs(field - finer) <= 1_000) ? finer : field
}

/** What is not above 0 is no advice. */
const bounded = (ms: number | undefined): number | undefined => (ms !== undefined && ms > 0 ? Math.min(LONGEST_ADVICE, ms) : undefined)

/** Pause before the next question: the server's advice is a floor; without it, longer with every answer that brought nothing new. */
export const pauseAfterAnswer = (advice: number | undefined, unchanged: number, pace: Pace): number =>
  jittered(advice ?? Math.min(pace.maxMs, FIRST_PAUSE * 1.5 ** unchanged), pace)

/** Pauses after so many failures in a row: twice as long each time up to the longest, and never for less than a server advised. */
export function restAfterFailure(
  { clock, pace }: Pick<Settings, 'clock' | 'pace'>,
  advice: number | undefined,
  failures: number,
  signal: AbortSignal,
): Promise<void> {
  const backoff = Math.min(pace.maxMs, FIRST_BACKOFF * 2 ** failures)
  return clock.sleep(jittered(Math.max(advice ?? 0, backoff / 2 + (backoff / 2) * pace.random()), pace), signal)
}

/** Up to a fifth longer, two seconds at most, so that those who came together do not return together. */
const jittered = (ms: number, { minMs, random }: Pace): number => {
  const floor = Math.max(minMs, ms)
  return Math.ceil(floor + random() * Math.min(2_000, floor / 5))
}
