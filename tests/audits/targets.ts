/**
 * How the audits are run on a framework. A target is the server of `@respond-async/http-audits/target`, written for one framework:
 *
 * - for every set of AUDIT_SETS a `createJobs({ ...set.options, owner, engine, path })` with `owner` from OWNER_HEADER, the engine
 *   of {@link engineOf}, `path` only where a prefix is in front of the set's own path, and `onError: () => {}`; its `jobRoutes` at the
 *   set's path; `await jobs.stop()` where the set is `stopped`;
 * - for every route of a set `POST /audit/<name>`, wrapped with the operation `audit-<name>` and the route's options, in it `runPlan(body,
 *   job)`; for `echo` the function `echo`; in front of `validated` a middleware that sends `refusal()` when REFUSE_HEADER is there;
 * - `POST /audit/release/:token` calls `release(token)` and answers 204;
 * - `GET /audit` answers `describeTarget(features)` as JSON, without the features that the target cannot have.
 *
 * Then one line in a test file: `auditTarget('Express 5, bare', () => startExpress5())`.
 */
import { inProcess, type JobEngine } from '@respond-async/core'
import { type AuditOptions, type AuditResult, audits, runAudits } from '@respond-async/http-audits'
import type { AuditSet, Feature } from '@respond-async/http-audits/target'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** A server under test. */
export interface RunningTarget {
  /** As `AuditOptions` has it: with the prefix, where there is one. */
  readonly url: string
  /** For an application that is asked in this process. */
  readonly fetch?: AuditOptions['fetch']
  /** Where the job routes of the set `jobs` are, as clients see them. */
  readonly path?: string
  /** Features that the target says it does not have. */
  readonly lacks?: readonly Feature[]
  readonly deviations?: AuditOptions['deviations']
  /** Fewer at once for a target that is slow. */
  readonly concurrency?: number
  close?(): Promise<void> | void
}

/** The in-process engine of a set. */
export const engineOf = (set: AuditSet): JobEngine => inProcess(set.engine)

/** How long one audit may take where many tests share a machine, in milliseconds. */
const PATIENCE_MS = 60_000

/** Starts a target, runs all audits on it side by side, and makes each of them a test of its own. */
export function auditTarget(title: string, start: () => Promise<RunningTarget> | RunningTarget): void {
  describe(title, () => {
    const results = new Map<string, AuditResult>()
    let target: RunningTarget | undefined
    beforeAll(async () => {
      target = await start()
      const { url, fetch, path, deviations, concurrency } = target
      for (const result of await runAudits({ url, fetch, path, deviations, concurrency, timeoutMs: PATIENCE_MS }))
        results.set(result.id, result)
    }, 3 * PATIENCE_MS)
    afterAll(() => target?.close?.())

    it.each(audits.map(({ id, level, title, needs }) => ({ id, level, title, needs })))('$id $level $title', ({ id, needs = [] }) => {
      const { status, why } = results.get(id) ?? { status: 'failed' }
      const lacking = needs.some((feature) => target?.lacks?.includes(feature)) || target?.deviations?.[id] !== undefined
      expect({ status, why }).toEqual(lacking ? { status: 'skipped', why: expect.any(String) } : { status: 'passed', why: undefined })
    })
  })
}
