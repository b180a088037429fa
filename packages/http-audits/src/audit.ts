import type { Subject } from './subject'
import type { Feature } from './target'

/** MUST: a client may rely on it. SHOULD: good, and a server may have a reason not to. The words of RFC 2119. */
export type Level = 'MUST' | 'SHOULD'

/** One checkable sentence of the protocol: data, so that any test runner can run it and a known failure can be pinned by its id. */
export interface Audit {
  /** Never reused and never renamed: a letter group for the part of the protocol, and a number. */
  readonly id: string
  readonly level: Level
  /** What the server does, to be read after "the server MUST". */
  readonly title: string
  /** Where it is written, `RFC 9110 13.1.2`; or the part of docs/protocol.md. */
  readonly source: string
  /** What the target has to have for it; without one of these it is skipped. */
  readonly needs?: readonly Feature[]
  /** Resolves when the server complies. @throws {Error} with a sentence that says what it did instead. */
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
