/** Hono on Node answering constants by its usual calls. */
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { HOLD, REPORT, RESULT, statusOf } from './constant.ts'
import { listen } from './listen.ts'

const app = new Hono()

app.post('/reports', async (c) => {
  await c.req.json()
  return c.json(REPORT.body, 202, REPORT.headers)
})
app.post('/holds', (c) => c.json(HOLD.body, 202, HOLD.headers))
app.get('/jobs/:id', (c) => {
  const { status, etag, headers, body } = statusOf(c.req.param('id'))
  if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers)
  return c.json(body, status as 200, headers)
})
app.get('/jobs/:id/result', (c) => c.json(RESULT.body, 200, RESULT.headers))
app.delete('/jobs/:id', (c) => c.body(null, 204))

listen(createAdaptorServer(app))
