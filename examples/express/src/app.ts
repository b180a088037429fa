import { setTimeout } from 'node:timers/promises'
import { createJobs } from '@respond-async/core'
import { jobRoutes, type RequestWithJob, respondAsync } from '@respond-async/express'
import express, { type Request, type Response } from 'express'
import multer from 'multer'

const jobs = createJobs({ owner: (req: Request) => req.get('x-user') })
export const app = express()

/** Keeps the uploaded file in memory. It is used unchanged: it runs with the handler, after the 202. */
const upload = multer({ storage: multer.memoryStorage() }).single('file')

/** Adds up the columns of a CSV file, slowly: 20 ms a row. */
async function addUp(req: RequestWithJob, res: Response) {
  const [header, ...rows] = (req.file?.buffer.toString() ?? '').trim().split(/\r?\n/)
  if (!header) {
    res.status(422).json({ error: 'Send a CSV file in the field "file".' })
    return
  }
  const columns = header.split(',')
  const sums = columns.map(() => 0)
  for (const [at, row] of rows.entries()) {
    for (const [column, value] of row.split(',').entries()) sums[column] = (sums[column] ?? 0) + (Number(value) || 0)
    await setTimeout(20, undefined, { signal: req.job.signal }) // a cancellation ends it here
    await req.job.progress((100 * (at + 1)) / rows.length, `row ${at + 1} of ${rows.length}`)
  }
  res
    .status(201)
    .set('X-Rows', String(rows.length))
    .json(Object.fromEntries(columns.map((column, at) => [column, sums[at]])))
}

app.post('/sums', respondAsync(jobs, 'sum', [upload, addUp]))
app.use('/jobs', jobRoutes(jobs))
