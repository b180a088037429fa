import { JobsError } from '@respond-async/core'

/**
 * What a request may do here: `true`, everything; `{ owner }`, everything with the jobs of that owner, and no others are there;
 * `{ readOnly: true }`, look at all of them. `{ owner, readOnly: true }` is both. Anything else: nothing is here.
 */
export type Access = boolean | null | undefined | { readonly owner: string; readonly readOnly?: boolean } | { readonly readOnly: true }

export interface DashboardOptions<Native> {
  /**
   * Who may come in, from the framework's own request. Asked for every request, the files of the page included. Has no default:
   * whoever may come in sees everybody's jobs and can cancel and remove them.
   */
  access: (native: Native) => Access | Promise<Access>
  /** The newest so many jobs are what counts and plots are made of, 100 to 10,000. Each page that is open reads them when it opens. @default 1_000 */
  windowJobs?: number
  /** Pause between two looks of an open page at the jobs, in milliseconds, 500 to 60_000. @default 3_000 */
  refreshMs?: number
  /** Heading of the page: what these jobs are of. @default 'Jobs' */
  title?: string
  /** Hears of what went wrong while an answer was made; the page is told only that it did. @default console.error */
  onError?: (error: unknown) => void
}

/** The options, with what was left out. */
export type Settings<Native> = Readonly<Required<DashboardOptions<Native>>>

/** What one request may do. `owner` `undefined`: all owners. */
export interface Grant {
  readonly owner?: string
  readonly readOnly: boolean
}

const DEFAULTS = {
  windowJobs: 1_000,
  refreshMs: 3_000,
  title: 'Jobs',
  onError: (error: unknown) => console.error('respond-async dashboard:', error),
}
const BOUNDS = { windowJobs: [100, 10_000], refreshMs: [500, 60_000] } as const

/** @throws {JobsError} `invalid_option`: without an access check there is no dashboard. */
export function settingsOf<Native>(options: DashboardOptions<Native>): Settings<Native> {
  if (typeof options?.access !== 'function')
    throw invalid(
      "needs an access check, because it shows and changes everybody's jobs: give it { access: (request) => … } that returns true for operators, " +
        "{ owner: 'ada' } for a user who may see her own jobs, { readOnly: true } for who may only look, and false for everybody else.",
    )
  for (const name of ['windowJobs', 'refreshMs'] as const) {
    const value = options[name]
    const [low, high] = BOUNDS[name]
    if (value !== undefined && !(Number.isInteger(value) && value >= low && value <= high))
      throw invalid(`${name} must be a whole number from ${low} to ${high}, not ${String(value)}`)
  }
  const { access, windowJobs, refreshMs, title, onError } = options
  return {
    access,
    windowJobs: windowJobs ?? DEFAULTS.windowJobs,
    refreshMs: refreshMs ?? DEFAULTS.refreshMs,
    title: title ?? DEFAULTS.title,
    onError: onError ?? DEFAULTS.onError,
  }
}

/**
 * What the access check has said. Nothing but the words it may use opens the door: a check that returns the user it found, or an
 * owner that turned out to be undefined, must not be taken for an operator.
 */
export function grantOf(access: unknown): Grant | undefined {
  if (access === true) return { readOnly: false }
  if (typeof access !== 'object' || access === null) return undefined
  const { owner, readOnly = false } = access as { owner?: unknown; readOnly?: unknown }
  if (typeof readOnly !== 'boolean') return undefined
  if ('owner' in access) return typeof owner === 'string' && owner !== '' ? { owner, readOnly } : undefined
  return readOnly ? { readOnly } : undefined
}

const invalid = (what: string) => new JobsError('invalid_option', `The dashboard ${what}`)
