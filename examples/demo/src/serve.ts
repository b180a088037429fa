/** Keeps a server running until it is stopped. */
import { once } from 'node:events'
import { relative } from 'node:path'
import type { Framework } from './frameworks.ts'
import { ROOT, type Sample } from './sample.ts'
import { line, style } from './screen.ts'
import { startServer } from './server.ts'

export async function serve(framework: Framework, sample: Sample, port: number): Promise<never> {
  const { url, gone } = await startServer(framework, port, (said) => line(said))
  const upload = `-F 'file=@${sample.path}' ${url}/reports`
  line(`${style.strong(framework.title)} is running at ${style.strong(url)}, from ${relative(ROOT, framework.source)}. Ctrl-C stops it.

${style.quiet('# In another terminal, in the root of the repository: upload the file, and keep the status URL:')}
job=${url}$(curl -si ${upload} | tr -d '\\r' | awk 'tolower($1) == "location:" { print $2 }'); echo "$job"

${style.quiet('# Ask for the status; the second request is held until something changes:')}
curl -i "$job"
curl -i -H 'Prefer: wait=10' "$job"

${style.quiet('# Fetch the report, then delete the job (DELETE cancels an unfinished job and purges a finished one):')}
curl -o report.pdf "$job/result"
curl -i -X DELETE "$job"

${style.quiet('# Or get the report in the answer itself, if it is ready within 25 seconds:')}
curl -o report.pdf -H 'Prefer: wait=25' ${upload}
`)
  await once(gone, 'abort')
  throw gone.reason
}
