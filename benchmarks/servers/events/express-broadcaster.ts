/** Events on Express, written by hand. */
import { createServer } from 'node:http'
import express from 'express'
import { acceptedHeaders, findJob, showJob } from '../hand-written.ts'
import { listen } from '../listen.ts'
import { HEADERS, join, startWatched } from './broadcaster.ts'
import { beginAll } from './paced.ts'

const app = express().disable('x-powered-by').disable('etag')

app.post('/watched', (_req, res) => {
  const job = startWatched()
  res.status(202).set(acceptedHeaders(job)).json(showJob(job))
})
app.post('/begin', (_req, res) => {
  beginAll()
  res.status(204).end()
})
app.get('/jobs/:id/events', (req, res) => {
  if (!findJob(req.params.id)) return void res.status(404).end()
  res.writeHead(200, HEADERS)
  const leave = join(req.params.id, { write: (piece) => void res.write(piece), end: () => void res.end() })
  res.on('close', () => leave?.())
})

listen(createServer(app))
