/**
 * A vitest reporter that counts for the closing line and collects the failures, which are repeated above that line. Each failure
 * outside a test - a file that does not load, a hook, an unhandled rejection - counts as one.
 */
import { writeSummary } from './closing-line.mjs'

export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors, reason) {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    const failures = []
    const keep = (where, errors) => {
      for (const { message } of errors) failures.push(`${where}: ${message.split('\n')[0]}`)
    }
    keep('outside of tests', unhandledErrors)
    for (const module of modules) {
      const file = module.relativeModuleId
      keep(file, module.errors())
      for (const suite of module.children.allSuites()) keep(`${file} > ${suite.fullName}`, suite.errors())
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result()
        // A test that never settled is a failure.
        if (state === 'failed') keep(`${file} > ${test.fullName}`, errors.slice(0, 1))
        else if (state === 'pending') keep(`${file} > ${test.fullName}`, [{ message: 'the test did not end' }])
        else count[state] += 1
      }
    }
    // A run that did not pass is never reported as clean.
    if (reason !== 'passed' && failures.length === 0) failures.push(`the run was ${reason}`)
    writeSummary({ passed: count.passed, failures, skipped: count.skipped })
  }
}
