import { JobsError } from '@respond-async/core'
import { checkNoOthers } from '@respond-async/core/store'

/**
 * What a request may see and do. `true`: everything. `{ owner }`: everything, but only with the jobs of that owner. `{ readOnly: true }`:
 * see all jobs, but change none. `{ owner, readOnly: true }`: see only those of the owner. Anything else: 404.
 */
export type Access = boolean | null | undefined | { readonly owner: string; readonly readOnly?: boolean } | { readonly readOnly: true }

/** Options of the dashboard. */
export interface DashboardOptions<Native> {
  /**
   * Access check, called with the framework's own request for every request, also for the files of the page. Required: whoever has access
   * sees everybody's jobs and can cancel and remove them.
   */
  access: (native: Native) => Access | Promise<Access>
  /** Number of newest jobs that counts and plots are made from, 100 to 10_000. A page reads them all when it opens. @default 1_000 */
  windowJobs?: number | undefined
  /** How often an open page refreshes, in milliseconds, 500 to 60_000. @default 3_000 */
  refreshMs?: number | undefined
  /** Heading of the page. @default 'Jobs' */
  title?: string | undefined
  /** Called with errors while an answer is made; the page is not told the details. @default console.error */
  onError?: ((error: unknown) => void) | undefined
}

/** The options with defaults filled in. */
export type Settings<Native> = Readonly<Required<DashboardOptions<Native>>>

/** What a request may do. `owner: undefined`: with the jobs of all owners. */
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

/** Checks the options. @throws {JobsError} `invalid_option`, also without an access check */
export function settingsOf<Native>(options: DashboardOptions<Native>): Settings<Native> {
  if (typeof options?.access !== 'function')
    throw invalid(
      "needs an access check, because it shows and changes everybody's jobs: give it { access: (request) => … } that returns true for operators, " +
        "{ owner: 'ada' } for a user who may see her own jobs, { readOnly: true } for users who may only look, and false for everybody else.",
    )
  const { access, windowJobs, refreshMs, title, onError, ...others } = options
  checkNoOthers('dashboard', others)
  for (const name of ['windowJobs', 'refreshMs'] as const) {
    const value = options[name]
    const [low, high] = BOUNDS[name]
    if (value !== undefined && !(Number.isInteger(value) && value >= low && value <= high))
      throw invalid(`${name} must be a whole number from ${low} to ${high}, not ${String(value)}`)
  }
  return {
    access,
    windowJobs: windowJobs ?? DEFAULTS.windowJobs,
    refreshMs: refreshMs ?? DEFAULTS.refreshMs,
    title: title ?? DEFAULTS.title,
    onError: onError ?? DEFAULTS.onError,
  }
}

/**
 * Reads the result of the access check strictly: a check that returns the user it found, or an owner that turns out to be `undefined`, must
 * not give the access of an operator.
 */
export function grantOf(access: unknown): Grant | undefined {
  if (access === true) return { readOnly: false }
  if (typeof access !== 'object' || access === null) return undefined
  const { owner, readOnly = false, ...others } = access as { owner?: unknown; readOnly?: unknown }
  // Of `readonly`, or of an account that happens to have an owner, nobody knows what was meant.
  if (typeof readOnly !== 'boolean' || Object.keys(others).length > 0) return undefined
  if ('owner' in access) return typeof owner === 'string' && owner !== '' ? { owner, readOnly } : undefined
  return readOnly ? { readOnly } : undefined
}

export const invalid = (what: string) => new JobsError('invalid_option', `The dashboard ${what}`)
