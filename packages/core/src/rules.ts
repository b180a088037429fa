import { JobsError } from './errors'
import type { SubmitOptions } from './jobs'
import type { JobsOptions, OperationOptions } from './options'

/** What an option may be, in a test and in words, and what it is where it is not given. */
export type Rule = readonly [allows: (value: unknown) => boolean, what: string, preset?: unknown]
export type Rules<Name extends string = string> = Readonly<Record<Name, Rule>>

/** What `setTimeout` can count. */
export const MAX_TIMER_MS = 2_147_483_647

export const whole = (preset?: number, low = 0, high = Number.MAX_SAFE_INTEGER): Rule => [
  (value) => Number.isInteger(value) && (value as number) >= low && (value as number) <= high,
  `a whole number from ${low} to ${high}`,
  preset,
]
export const timer = (preset?: number, low = 0): Rule => whole(preset, low, MAX_TIMER_MS)
/** A hundred years at most: later times are no times any more. */
const span = (preset?: number) => whole(preset, 0, 3_155_760_000_000)
/** How long a request may be held. */
const HOLD = whole(25_000, 0, 25_000)
export const oneOf = (preset: unknown, ...words: readonly unknown[]): Rule => [
  (value) => words.includes(value),
  words.map((word) => JSON.stringify(word)).join(' or '),
  preset,
]
/** By `typeof`; `null` is none of them. */
export const typed = (...types: readonly string[]): readonly [Rule[0], string] => [
  (value) => value !== null && types.includes(typeof value),
  `of type ${types.join(' or ')}`,
]
const FUNCTION = typed('function')
const OBJECT = typed('object')
/** Whatever has this method. */
const having = (method: string, what: string): Rule => [(value) => method in Object(value), what]
/** Reads as text of this form. */
const like = (form: RegExp, what: string): Rule => [(value) => form.test(value as string), what]

/** The options of one route. Each is known here, whoever hands it on. */
export const OPERATION_RULES: Rules<keyof OperationOptions> = {
  when: [
    (value) => value === 'always' || value === 'preferred' || HOLD[0](Object(value).afterMs),
    '"always", "preferred" or { afterMs: 0 to 25000 }',
    'always',
  ],
  retries: whole(0, 0, 100),
  backoffMs: timer(1_000),
  maxRunMs: timer(undefined, 1),
  maxBodyBytes: whole(33_554_432),
  maxResultBytes: whole(67_108_864),
  resultTtlMs: span(86_400_000),
  idempotency: oneOf('optional', 'optional', 'required', 'off'),
  delayMs: span(0),
  estimateMs: span(),
  meta: typed('object', 'function'),
  carry: FUNCTION,
  owner: FUNCTION,
  webhook: typed('string', 'object', 'function'),
  storeHeaders: [Array.isArray, 'a list', []],
  keepRequests: oneOf('failed', 'failed', 'never'),
}

/** The options of all jobs. */
export const JOBS_RULES: Rules<keyof JobsOptions> = {
  store: having('insert', 'a JobStore'),
  engine: having('dispatch', 'a JobEngine'),
  blobs: OBJECT,
  webhooks: OBJECT,
  storeTimeoutMs: timer(10_000, 100),
  path: like(/^(?:\/[\w.~!$&'()*+,;=:@%-]+)*\/?$/, 'a path such as "/jobs"'),
  baseUrl: like(/^https?:\/\/[^/?#\s]+[^?#\s]*$/, 'a URL such as "https://api.example.com"'),
  owner: FUNCTION,
  representation: OBJECT,
  pendingStatus: oneOf(202, 200, 202),
  onComplete: oneOf('document', 'document', 'redirect', 'inline'),
  page: oneOf(true, true, false),
  inlineResultBytes: whole(65_536),
  maxPerOwner: whole(undefined, 1, 100),
  cors: [(value) => value === '*' || Array.isArray(value), '"*" or ["https://api.example.com"]', []],
  maxWaitMs: HOLD,
  retryAfterMinMs: timer(1_000, 1),
  retryAfterMaxMs: timer(60_000, 1),
  leaseMs: timer(30_000, 1_000),
  startDeadlineMs: timer(60_000, 1_000),
  cancelGraceMs: timer(5_000),
  tombstoneMs: span(3_600_000),
  sweepMs: timer(15_000),
  defaults: OBJECT,
  redefine: oneOf(false, true, false),
  now: FUNCTION,
  newId: [...FUNCTION, () => crypto.randomUUID()],
  random: [...FUNCTION, Math.random],
  onError: FUNCTION,
}

/** What `jobs.submit` may be told besides the input. */
const TEXT = typed('string')
export const SUBMIT_RULES: Rules<keyof SubmitOptions> = {
  owner: TEXT,
  idempotencyKey: TEXT,
  delayMs: span(),
  meta: OBJECT,
  webhook: TEXT,
  url: TEXT,
  headers: OBJECT,
}

/**
 * Refuses what cannot work: an option that there is not, or not in this place, and a value that it cannot have. One that is
 * `undefined` is not given. The options come back filled in, with what they are in `presets`, or by their rules.
 * @throws {JobsError} `invalid_option`, naming the option, what it may be and what was given
 */
export function checkedOptions<Filled>(where: string, given: object, rules: Rules, presets?: Filled): Filled {
  if (!OBJECT[0](given)) throw invalid(`${where}: options must be an object`)
  const options: Record<string, unknown> = { ...presets }
  if (!presets) for (const [name, [, , preset]] of Object.entries(rules)) options[name] = preset
  for (const [name, value] of Object.entries(given)) {
    const [allows, what] = rules[name] ?? []
    if (!allows) throw invalid(`${where}: there is no option ${name}${placeOf(name)}; there are ${Object.keys(rules).join(', ')}`)
    if (value === undefined) continue
    if (!allows(value)) throw invalid(`${where}: ${name} must be ${what}, not ${shown(value)}`)
    options[name] = value
  }
  return options as Filled // the rules say so
}

/** A function would be shown with all of its code. */
const shown = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value)).slice(0, 60)

/** Where an option belongs that is not known where it was given. */
const placeOf = (name: string): string =>
  name in OPERATION_RULES ? ' here, but in `defaults`' : name in JOBS_RULES ? ' here, but in createJobs' : ''

export const invalid = (message: string): JobsError => new JobsError('invalid_option', message)
