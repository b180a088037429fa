import type { Subject } from './subject'
import type { Feature } from './target'

/** As in RFC 2119. MUST: clients may rely on it. SHOULD: recommended, but a server may have reasons to deviate. */
export type Level = 'MUST' | 'SHOULD'

/** A check of one sentence of the protocol, as data: any test runner can run it, and a known failure can be pinned by its id. */
export interface Audit {
  /** Letters for the part of the protocol, and a number. Stable: never reused or renamed. */
  readonly id: string
  readonly level: Level
  /** What the server does, as a continuation of "the server MUST". */
  readonly title: string
  /** Where the protocol says so: `RFC 9110 13.1.2`, or the part of docs/protocol.md. */
  readonly source: string
  /** Features that the target needs for it; if it lacks one, the audit is skipped. */
  readonly needs?: readonly Feature[]
  /** Resolves if the server complies. @throws {Error} with a sentence that says what it did instead */
  run(subject: Subject): Promise<void>
}

export interface AuditResult {
  readonly id: string
  readonly level: Level
  readonly title: string
  readonly status: 'passed' | 'failed' | 'skipped'
  /** Why it failed or was skipped. */
  readonly why?: string
}
