/** Express answering constants by its usual calls. */
import { createServer } from 'node:http'
import express from 'express'
import { HOLD, REPORT, RESULT, statusOf } from './constant.ts'
import { behindParser, listen } from './listen.ts'

const app = express().disable('x-powered-by').disable('etag')
const parser = behindParser ? [express.json()] : []

app.post('/reports', ...parser, (_req, res) => {
  res.status(202).set(REPORT.headers).json(REPORT.body)
})
app.post('/holds', ...parser, (_req, res) => {
  res.status(202).set(HOLD.headers).json(HOLD.body)
})
app.get('/jobs/:id', (req, res) => {
  const { status, headers, body } = statusOf(req.params.id)
  res.set(headers)
  if (req.fresh) res.status(304).end()
  else res.status(status).json(body)
})
app.get('/jobs/:id/result', (_req, res) => {
  res.set(RESULT.headers).json(RESULT.body)
})
app.delete('/jobs/:id', (_req, res) => {
  res.status(204).end()
})

listen(createServer(app))
