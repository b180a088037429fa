/**
 * A vitest reporter that counts for the closing line. What fails outside a test - a file that does not load, a hook, an unhandled
 * rejection - counts as one failure each.
 */
import { writeSummary } from './closing-line.mjs'

export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors, reason) {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      count.failed += module.errors().length
      for (const suite of module.children.allSuites()) count.failed += suite.errors().length
      for (const test of module.children.allTests()) count[test.result().state] += 1
    }
    // A test that never settled is a failure, and a run that did not pass is never reported as clean.
    const failed = count.failed + count.pending
    writeSummary({ passed: count.passed, failed: reason === 'passed' ? failed : Math.max(1, failed), skipped: count.skipped })
  }
}
