import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createJobs } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { build } from 'esbuild'
import { Hono } from 'hono'
import { validator } from 'hono/validator'

/** What the report says of one column of numbers. */
interface Column {
  readonly name: string
  readonly mean: number
  readonly largest: number
}
export interface Report {
  readonly rows: number
  readonly columns: readonly Column[]
}

const jobs = createJobs()
export const app = new Hono()

/** Runs before the 202: what it refuses never becomes a job. */
const upload = validator('form', ({ file }, c) => {
  if (file instanceof File && file.size > 0) return { file }
  return c.json({ title: 'Send a CSV file in the field "file".', status: 422 }, 422)
})

/** Reads the columns of a CSV file, slowly: 20 ms a row. */
app.post(
  '/reports',
  respondAsync(jobs, 'report', upload, async (c) => {
    const job = c.get('job')
    const [header = '', ...rows] = (await c.req.valid('form').file.text()).trim().split(/\r?\n/)
    const columns = header.split(',').map((name) => ({ name, sum: 0, largest: Number.NEGATIVE_INFINITY }))
    for (const [at, row] of rows.entries()) {
      for (const [place, value] of row.split(',').entries()) {
        const column = columns[place]
        if (!column) continue
        column.sum += Number(value) || 0
        column.largest = Math.max(column.largest, Number(value) || 0)
      }
      await setTimeout(20, undefined, { signal: job.signal }) // a cancellation ends it here
      await job.progress((100 * (at + 1)) / rows.length, `row ${at + 1} of ${rows.length}`)
    }
    const report: Report = {
      rows: rows.length,
      columns: columns.map(({ name, sum, largest }) => ({ name, mean: sum / rows.length, largest })),
    }
    return c.json(report, 201)
  }),
)
app.route('/jobs', jobRoutes(jobs))

const at = (file: string) => fileURLToPath(new URL(file, import.meta.url))
/** Bundles the script of the page with the client. In a real application its own build does this. */
const { outputFiles } = await build({
  entryPoints: [at('page.ts')],
  bundle: true,
  minify: true,
  write: false,
  format: 'esm',
  target: 'es2022',
})
const script = outputFiles[0]?.text ?? ''

app.get('/', (c) => c.html(readFileSync(at('page.html'), 'utf8')))
app.get('/page.js', (c) => c.body(script, 200, { 'content-type': 'text/javascript' }))
app.get('/favicon.ico', (c) => c.body(null, 204))
