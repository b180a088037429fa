import { DemoError } from './demo-error.ts'
import type { Outcome } from './outcome.ts'
import { line, seconds, size, style, table } from './screen.ts'

/** What the runs have in common, above all the report. @throws when they are not the same bytes. */
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
    if (new Set(outcomes.map(({ sha256 }) => sha256)).size > 1) throw new DemoError('The reports are not the same bytes.')
    line(`   ${style.good(`The ${outcomes.length} reports are the same bytes.`)} SHA-256 ${outcomes[0]?.sha256}\n`)
  }
  line(`   Next: npm run demo -- express --serve     keeps a server up, with lines for curl
         examples/demo/src/servers           is all of the code that the three need\n`)
}
