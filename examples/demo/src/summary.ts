import { DemoError } from './demo-error.ts'
import type { Outcome } from './outcome.ts'
import { line, seconds, size, style, table } from './screen.ts'

/** A table of the runs. @throws when their reports are not byte-identical. */
export function summarise(outcomes: readonly Outcome[]): void {
  const rows = outcomes.map(({ framework, acceptMs, polls, tookMs, bytes, sha256, file }) => [
    ...[framework.title, `${Math.round(acceptMs)} ms`, seconds(tookMs), `${polls}`],
    ...[size(bytes), `${sha256.slice(0, 12)}…`, file],
  ])
  const [head = '', ...lines] = table([['', '202 after', 'done after', 'polls', 'report', 'SHA-256', 'saved as'], ...rows])
  line(style.strong(`   ${head}`))
  for (const row of lines) line(`   ${row}`)
  line()
  if (outcomes.length > 1) {
    if (new Set(outcomes.map(({ sha256 }) => sha256)).size > 1) throw new DemoError('The reports are not byte-identical.')
    line(`   ${style.good(`The ${outcomes.length} reports are byte-identical.`)} SHA-256 ${outcomes[0]?.sha256}\n`)
  }
  line(`   Next: npm run demo -- express --serve     keeps a server running and prints curl lines
         examples/demo/src/servers           has all the code of the three servers\n`)
}
