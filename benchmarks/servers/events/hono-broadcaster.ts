/** Events on Hono, written by hand. */
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { acceptedHeaders, findJob, showJob } from '../hand-written.ts'
import { listen } from '../listen.ts'
import { HEADERS, join, startWatched } from './broadcaster.ts'
import { beginAll } from './paced.ts'

const app = new Hono()

app.post('/watched', (c) => {
  const job = startWatched()
  return c.json(showJob(job), 202, acceptedHeaders(job))
})
app.post('/begin', (c) => {
  beginAll()
  return c.body(null, 204)
})
app.get('/jobs/:id/events', (c) => {
  const { id } = c.req.param()
  if (!findJob(id)) return c.notFound()
  let leave: (() => void) | undefined
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      leave = join(id, { write: (piece) => controller.enqueue(piece), end: () => controller.close() })
    },
    cancel: () => leave?.(),
  })
  return c.body(body, 200, HEADERS)
})

listen(createAdaptorServer(app))
