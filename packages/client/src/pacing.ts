/** Pauses between polls. */

import type { Settings } from './options'

/** Longest pause, in milliseconds (a day): timers with much longer ones would fire at once. */
const LONGEST_ADVICE = 86_400_000
const FIRST_PAUSE = 1_000
const FIRST_BACKOFF = 500

export interface Pace {
  /** Shortest pause, in milliseconds, whatever the server advises. */
  readonly minMs: number
  /** Longest pause that the client chooses itself, in milliseconds. One that the server advises may be longer. */
  readonly maxMs: number
  readonly random: () => number
}

/**
 * `Retry-After` in milliseconds: seconds, also with decimals, or an HTTP date, relative to the server's `Date` if it sends one.
 * `undefined` if it is missing, invalid, negative or in the past.
 */
export function retryAfterOf(headers: Headers, now: number): number | undefined {
  const field = headers.get('retry-after') ?? ''
  if (/^\d+(\.\d+)?$/.test(field)) return bounded(1_000 * Number(field))
  // Date.parse accepts too much, even "-5": HTTP dates begin with the name of a day.
  if (!/^[A-Za-z]{3,9},? /.test(field)) return undefined
  const date = Date.parse(headers.get('date') ?? '')
  return bounded(Date.parse(field) - (Number.isNaN(date) ? now : date))
}

/** The pause that an answer advises, in milliseconds: `retryAfterMs` of its document if that is `Retry-After` with more precision. */
export function adviceOf(headers: Headers, document: { readonly retryAfterMs?: number }, now: number): number | undefined {
  const field = retryAfterOf(headers, now)
  const finer = bounded(document.retryAfterMs)
  return finer !== undefined && (field === undefined || Math.abs(field - finer) <= 1_000) ? finer : field
}

/** `undefined` unless above 0. */
const bounded = (ms: number | undefined): number | undefined => (ms !== undefined && ms > 0 ? Math.min(LONGEST_ADVICE, ms) : undefined)

/** Pause before the next poll, in milliseconds: at least the server's advice; without advice it grows with every unchanged answer. */
export const pauseAfterAnswer = (advice: number | undefined, unchanged: number, pace: Pace): number =>
  jittered(advice ?? Math.min(pace.maxMs, FIRST_PAUSE * 1.5 ** unchanged), pace)

/** Pauses after a number of failures in a row: twice as long each time up to `maxMs`, and at least as long as the server advised. */
export function restAfterFailure(
  { clock, pace }: Pick<Settings, 'clock' | 'pace'>,
  advice: number | undefined,
  failures: number,
  signal: AbortSignal,
): Promise<void> {
  const backoff = Math.min(pace.maxMs, FIRST_BACKOFF * 2 ** failures)
  return clock.sleep(jittered(Math.max(advice ?? 0, backoff / 2 + (backoff / 2) * pace.random()), pace), signal)
}

/** Adds up to a fifth, at most two seconds, so that clients do not poll in step. */
const jittered = (ms: number, { minMs, random }: Pace): number => {
  const floor = Math.max(minMs, ms)
  return Math.ceil(floor + random() * Math.min(2_000, floor / 5))
}
