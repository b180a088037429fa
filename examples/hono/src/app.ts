import { setTimeout } from 'node:timers/promises'
import { createJobs } from '@respond-async/core'
import { dashboard } from '@respond-async/dashboard/hono'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { Hono } from 'hono'
import { basicAuth } from 'hono/basic-auth'
import { validator } from 'hono/validator'

const jobs = createJobs()
export const app = new Hono()

/** Runs before the 202: what it refuses never becomes a job. */
const text = validator('form', ({ text }, c) => {
  if (typeof text === 'string' && text.trim() !== '') return { text }
  return c.json({ error: 'Send the field "text".' }, 422)
})

/** Counts the words of a text, slowly: 20 ms a line. */
app.post(
  '/word-counts',
  respondAsync(jobs, 'word-count', text, async (c) => {
    const job = c.get('job')
    const lines = c.req.valid('form').text.split(/\r?\n/)
    const counts = new Map<string, number>()
    for (const [at, line] of lines.entries()) {
      for (const word of line.toLowerCase().match(/\p{L}+/gu) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1)
      await setTimeout(20, undefined, { signal: job.signal }) // a cancellation ends it here
      await job.progress((100 * (at + 1)) / lines.length, `line ${at + 1} of ${lines.length}`)
    }
    const words = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    return c.json({ lines: lines.length, words: Object.fromEntries(words) }, 201, { 'x-different-words': String(words.length) })
  }),
)
app.route('/jobs', jobRoutes(jobs))

/** For operators who know the password, which is "operator" unless OPERATOR_PASSWORD is set. A real application puts its login here. */
const password = process.env.OPERATOR_PASSWORD ?? 'operator'
app.use('/admin/*', basicAuth({ username: 'operator', password }))
app.route('/admin/jobs', dashboard(jobs, { access: () => true, title: 'Word counts' }))
