/** Express with multer: `POST /reports` takes a file and answers the report. */
import { createJobs } from '@respond-async/core'
import { buildReport } from '@respond-async/example-report'
import { jobRoutes, respondAsync } from '@respond-async/express'
import express, { type Request } from 'express'
import multer from 'multer'

const app = express()
const upload = multer({ storage: multer.memoryStorage() })
const jobs = createJobs<Request>()

app.post(
  '/reports',
  respondAsync(jobs, 'report', [
    upload.single('file'),
    async (req, res) => {
      if (!req.file) return res.status(400).json({ error: 'Send a file in the form field "file".' })
      const { bytes, contentType, fileName } = await buildReport(req.file.buffer, req.file.originalname, {
        signal: req.job.signal,
        onProgress: (percent, message) => req.job.progress(percent, message),
      })
      res.attachment(fileName).type(contentType).send(Buffer.from(bytes))
    },
  ]),
)
app.use('/jobs', jobRoutes(jobs))

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', (error) => {
  if (error) throw error
  const address = server.address()
  console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : address}`)
})
