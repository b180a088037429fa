import { JobsError } from './errors'
import type { SubmitOptions } from './jobs-api'
import { isStatus, TRANSITIONS } from './lifecycle'
import type { JobsOptions, OperationOptions } from './options'
import type { JobQuery } from './store'

/** A rule for an option: a test, the allowed values in words, and the default. */
export type Rule = readonly [allows: (value: unknown) => boolean, what: string, preset?: unknown]
export type Rules<Name extends string = string> = Readonly<Record<Name, Rule>>

/** Longest delay of `setTimeout`. */
export const MAX_TIMER_MS = 2_147_483_647

export const whole = (preset?: number, low = 0, high = Number.MAX_SAFE_INTEGER): Rule => [
  (value) => Number.isInteger(value) && (value as number) >= low && (value as number) <= high,
  `a whole number from ${low} to ${high}`,
  preset,
]
export const timer = (preset?: number, low = 0): Rule => whole(preset, low, MAX_TIMER_MS)
/** At most a hundred years, so that times stay valid dates. */
const span = (preset?: number) => whole(preset, 0, 3_155_760_000_000)
/** How long a request may be held, in milliseconds. */
const HOLD = whole(25_000, 0, 25_000)
export const oneOf = (preset: unknown, ...words: readonly unknown[]): Rule => [
  (value) => words.includes(value),
  words.map((word) => JSON.stringify(word)).join(' or '),
  preset,
]
/** By `typeof`; never `null`. */
export const typed = (...types: readonly string[]): readonly [Rule[0], string] => [
  (value) => value !== null && types.includes(typeof value),
  `of type ${types.join(' or ')}`,
]
const FUNCTION = typed('function')
const OBJECT = typed('object')
/** Anything with this method. */
const having = (method: string, what: string): Rule => [(value) => method in Object(value), what]
/** Anything whose text has this form. */
const like = (form: RegExp, what: string): Rule => [(value) => form.test(value as string), what]

/** Rules for `OperationOptions`. */
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

/** Rules for `JobsOptions`. */
export const JOBS_RULES: Rules<keyof JobsOptions> = {
  store: having('insert', 'a JobStore'),
  engine: having('dispatch', 'a JobEngine'),
  blobs: OBJECT,
  webhooks: OBJECT,
  storeTimeoutMs: timer(10_000, 100),
  path: like(/^(?:\/[\w.~!$&'()*+,;=:@%-]+)*\/?$/, 'a path such as "/jobs"'),
  baseUrl: like(/^https?:\/\/(?!\/)[!$-;=@-~]+$/, 'a URL such as "https://api.example.com"'),
  owner: FUNCTION,
  representation: OBJECT,
  pendingStatus: oneOf(202, 200, 202),
  onComplete: oneOf('document', 'document', 'redirect', 'inline'),
  page: oneOf(true, true, false),
  inlineResultBytes: whole(65_536),
  maxPerOwner: whole(undefined, 1, 100),
  cors: [
    (value) => value === '*' || (Array.isArray(value) && value.every((one) => /:|null/.test(one))),
    '"*" or ["https://api.example.com"]',
    [],
  ],
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
  onChange: FUNCTION,
  onError: FUNCTION,
}

const TEXT = typed('string')
const OWNER: Rule = [(value) => value === null || TEXT[0](value), 'of type string or null']
/** Rules for `SubmitOptions`. */
export const SUBMIT_RULES: Rules<keyof SubmitOptions> = {
  owner: OWNER,
  idempotencyKey: TEXT,
  delayMs: span(),
  meta: OBJECT,
  webhook: TEXT,
  url: TEXT,
  headers: OBJECT,
}

/** What `jobs.list` may ask for. */
export const LIST_RULES: Rules<keyof JobQuery> = {
  owner: OWNER,
  status: [(value) => [value].flat().every(isStatus), `of ${Object.keys(TRANSITIONS)}`],
  operation: TEXT,
  limit: whole(20, 1, 1_000),
  cursor: TEXT,
}

/**
 * Checks options, and fills in those that are missing or `undefined` from `presets` or else the defaults of the rules.
 * @throws {JobsError} `invalid_option` for an unknown or misplaced option (with the known ones) or value (with the allowed ones)
 */
export function checkedOptions<Filled>(where: string, given: object, rules: Rules, presets?: Filled): Filled {
  if (!OBJECT[0](given)) throw invalid(`${where}: options must be an object`)
  const options: Record<string, unknown> = { ...presets }
  if (!presets) for (const [name, [, , preset]] of Object.entries(rules)) options[name] = preset
  for (const [name, value] of Object.entries(given)) {
    const [allows, what] = rules[name] ?? []
    if (!allows) throw invalid(`${where}: ${name} is not an option${belonging(name)}; options are ${Object.keys(rules).join(', ')}`)
    if (value === undefined) continue
    if (!allows(value)) throw invalid(`${where}: ${name} must be ${what}, not ${shown(value)}`)
    options[name] = value
  }
  return options as Filled // the rules have checked that
}

/** At most 60 characters: a function would be shown with all of its code. */
const shown = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value)).slice(0, 60)

/** Tells where a misplaced option belongs. */
const belonging = (name: string): string =>
  name in OPERATION_RULES ? ' here, but in `defaults`' : name in JOBS_RULES ? ' here, but in createJobs' : ''

/** @param others the given options without the known ones @throws {JobsError} `invalid_option` if there are any */
export function checkNoOthers(where: string, others: object): void {
  for (const name in others) throw invalid(`${where}: ${name} is not an option`)
}

export const invalid = (message: string): JobsError => new JobsError('invalid_option', message)
