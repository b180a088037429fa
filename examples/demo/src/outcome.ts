/** One framework from its start to the saved report. */
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { DemoError } from './demo-error.ts'
import { exchange, showRequest, showResponse, statusOf } from './exchange.ts'
import { follow } from './following.ts'
import type { Framework } from './frameworks.ts'
import { ROOT, type Sample } from './sample.ts'
import { clearBar, line, seconds, style } from './screen.ts'
import { startServer } from './server.ts'
import { submit } from './submission.ts'

export interface Outcome {
  readonly framework: Framework
  readonly acceptMs: number
  readonly polls: number
  readonly tookMs: number
  readonly bytes: number
  readonly sha256: string
  /** The saved report, from the root of the repository. */
  readonly file: string
}

/** How long one framework may take. The work takes a few seconds; the machine may be busy. */
const LIMIT_MS = 180_000
const FOLDER = join(ROOT, 'demo-reports')

export async function run(framework: Framework, sample: Sample, port: number): Promise<Outcome> {
  const { name, title, source } = framework
  line(`${style.strong(`── ${title} `.padEnd(25, '─'))}  ${relative(ROOT, source)}`)
  const server = await startServer(framework, port)
  line(style.quiet(`   ${server.url}, up after ${seconds(server.readyMs)}\n`))
  const signal = AbortSignal.any([server.gone, AbortSignal.timeout(LIMIT_MS)])
  try {
    const accepted = await submit(server.url, sample, signal)
    const { polls, tookMs, result } = await follow(server.url, accepted, signal)
    const report = await download(server.url, result, signal)
    const file = join(FOLDER, `${name}.pdf`)
    await mkdir(FOLDER, { recursive: true })
    await writeFile(file, report)
    line(`   ${style.good('saved')} ${relative(ROOT, file)}\n`)
    const sha256 = createHash('sha256').update(report).digest('hex')
    return { framework, acceptMs: accepted.acceptMs, polls, tookMs, bytes: report.length, sha256, file: relative(ROOT, file) }
  } catch (error) {
    if (server.gone.aborted) throw server.gone.reason
    if (signal.aborted) throw new DemoError(`${title}: the report was not finished within ${LIMIT_MS / 1000} seconds.`, { cause: error })
    throw error
  } finally {
    clearBar()
    await server.stop()
  }
}

async function download(base: string, path: string, signal: AbortSignal): Promise<Uint8Array> {
  showRequest('GET', path)
  const answer = await exchange(base, path, { signal })
  showResponse(answer, ['Content-Type', 'Content-Disposition', 'Content-Length', 'Cache-Control', 'Sunset'])
  const { response, body } = answer
  if (
    response.status !== 200 ||
    response.headers.get('content-type') !== 'application/pdf' ||
    new TextDecoder().decode(body.subarray(0, 5)) !== '%PDF-'
  )
    throw new DemoError(`The result URL answered ${statusOf(response)}, and not with a PDF.`)
  return body
}
