/** The metrics of docs/operate.md, as they stand there, with the SDK of OpenTelemetry: two processes that share a store. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { metrics } from '@opentelemetry/api'
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { createJobs, inProcess, type JobsOptions } from '@respond-async/core'
import { sqliteStore } from '@respond-async/store-sqlite'
import { transform } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import { blocksOf } from '../scripts/markdown.mjs'

/** `onChange` of the document, which reports to the provider that is registered when it is loaded. */
async function onChangeOfDocument(): Promise<NonNullable<JobsOptions['onChange']>> {
  const document = readFileSync(new URL('../docs/operate.md', import.meta.url), 'utf8')
  const block = blocksOf(document).find(({ code }) => code[0] === '// metrics.ts')
  const { code } = await transform(block?.code.join('\n') ?? '', { loader: 'ts' })
  const folder = fileURLToPath(new URL('node_modules/.cache/metrics', import.meta.url))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'metrics.mjs'), code)
  return (await import(join(folder, 'metrics.mjs'))).onChange
}

test('the metrics of docs/operate.md count each job once, whichever process does what', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter })
  const provider = new MeterProvider({ readers: [reader] })
  metrics.setGlobalMeterProvider(provider)
  const onChange = await onChangeOfDocument()
  const folder = mkdtempSync(join(tmpdir(), 'respond-async-metrics-'))
  const [web, worker] = ['web', 'worker'].map(() => {
    const store = sqliteStore({ path: join(folder, 'jobs.db') })
    const jobs = createJobs({ store, engine: inProcess({ replay: true }), onChange, onError: () => {}, sweepMs: 0 })
    jobs.define('report', {}, async () => ({ status: 200, headers: {}, body: 'made' }))
    jobs.define('import', { retries: 1, backoffMs: 1 }, async ({ handle }) => {
      await handle.progress(50)
      throw new Error('broken')
    })
    onTestFinished(async () => {
      await jobs.stop()
      await store.close?.()
    })
    return jobs
  }) as [ReturnType<typeof createJobs>, ReturnType<typeof createJobs>]
  onTestFinished(async () => {
    metrics.disable()
    await provider.shutdown()
    rmSync(folder, { recursive: true })
  })

  const made = [await web.submit('report', 1), await web.submit('report', 2), await web.submit('import', 3)]
  const waiting = await web.submit('report', 4, { delayMs: 60_000 })
  await worker.cancel(waiting.id)
  for (const { id, operation } of made) while ((await worker.run({ v: 1, id, operation, dispatch: 1 })).kind === 'retry');

  await reader.forceFlush()
  const shown =
    exporter
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? []
  const counts = Object.fromEntries(
    shown.map(({ descriptor, dataPoints }) => [
      descriptor.name,
      dataPoints
        .map(({ attributes, value }) => [Object.values(attributes).join(' '), typeof value === 'number' ? value : value.count])
        .sort(),
    ]),
  )
  expect(counts).toEqual({
    'jobs.accepted': [
      ['import', 1],
      ['report', 3],
    ],
    'jobs.wait': [
      ['import', 1],
      ['report', 2],
    ],
    'jobs.repeated': [['import', 1]],
    'jobs.duration': [
      ['import failed handler_failed', 1],
      ['report canceled ', 1],
      ['report succeeded ', 2],
    ],
  })
})
