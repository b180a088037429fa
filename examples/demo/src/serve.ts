/** Keeps a server up until it is stopped. */
import { once } from 'node:events'
import { relative } from 'node:path'
import type { Framework } from './frameworks.ts'
import { ROOT, type Sample } from './sample.ts'
import { line, style } from './screen.ts'
import { startServer } from './server.ts'

export async function serve(framework: Framework, sample: Sample, port: number): Promise<never> {
  const { url, gone } = await startServer(framework, port, (said) => line(said))
  const upload = `-F 'file=@${sample.path}' ${url}/reports`
  line(`${style.strong(framework.title)} is up at ${style.strong(url)}, from ${relative(ROOT, framework.source)}. Ctrl-C stops it.

${style.quiet('# In another terminal, in the root of the repository. Upload, and keep where the job is followed:')}
job=${url}$(curl -si ${upload} | tr -d '\\r' | awk 'tolower($1) == "location:" { print $2 }'); echo "$job"

${style.quiet('# How does it go? The second one is held until something has changed:')}
curl -i "$job"
curl -i -H 'Prefer: wait=10' "$job"

${style.quiet('# The report, and an end: it cancels the job, or forgets it once it is finished:')}
curl -o report.pdf "$job/result"
curl -i -X DELETE "$job"

${style.quiet('# Or the report at once, if it is ready within 25 seconds:')}
curl -o report.pdf -H 'Prefer: wait=25' ${upload}
`)
  await once(gone, 'abort')
  throw gone.reason
}
