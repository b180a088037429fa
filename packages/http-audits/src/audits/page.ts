import type { Audit } from '../audit'
import { equal, hasField, hasStatus, lists, match, ok } from '../expectation'
import type { Reply } from '../reply'
import type { AuditJob } from '../subject'

/** `Accept` of a browser that opens a page. */
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8'
const opened = (job: AuditJob, headers: Readonly<Record<string, string>> = {}): Promise<Reply> =>
  job.status({ headers: { accept: BROWSER, ...headers } })
const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;`

export const pageAudits: readonly Audit[] = [
  {
    id: 'PAG1',
    level: 'MUST',
    title: 'show the page to a client that prefers HTML to JSON, and the document to all others',
    source: 'RFC 9110 12.5.1',
    needs: ['page'],
    async run({ hold }) {
      const job = await hold()
      for (const accept of [BROWSER, 'TEXT/HTML', 'application/json;q=0.5, text/html', 'text/*'])
        match((await job.status({ headers: { accept } })).headers.get('content-type'), /^text\/html\b/, `Content-Type for ${accept}`)
      for (const accept of ['*/*', 'application/json', 'text/html;q=0.5, application/json', 'application/json, text/html', 'text/html;q=0'])
        equal((await job.status({ headers: { accept } })).document().id, job.id, `id in the document for ${accept}`)
      hasStatus(await opened(job), 202)
      lists(await opened(job), 'vary', 'Accept')
    },
  },
  {
    id: 'PAG2',
    level: 'MUST',
    title: 'give the page an ETag of its own, and answer 304 when it still matches',
    source: 'RFC 9110 8.8.3.3',
    needs: ['page'],
    async run({ hold }) {
      const job = await hold()
      const [page, document] = [await opened(job), await job.status()]
      const etag = page.headers.get('etag') ?? ''
      ok(etag !== document.headers.get('etag'), 'the ETag of the page is that of the document')
      hasStatus(await opened(job, { 'if-none-match': etag }), 304)
      hasStatus(await opened(job, { 'if-none-match': document.headers.get('etag') ?? '' }), 202)
    },
  },
  {
    id: 'PAG3',
    level: 'MUST',
    title: 'load nothing in the page, and let nothing run there but what the page contains',
    source: 'protocol, Page',
    needs: ['page'],
    async run({ hold }) {
      const page = await opened(await hold())
      const policy = page.headers.get('content-security-policy') ?? ''
      match(policy, /(?:^|;)\s*default-src 'none'/, 'Content-Security-Policy')
      match(policy, /frame-ancestors 'none'/, 'Content-Security-Policy')
      ok(!/unsafe-|\*|https?:/.test(policy), `the Content-Security-Policy is ${policy}`)
      ok(!/\s(?:src|href)=["']?(?:https?:)?\/\//i.test(page.text), 'the page loads or names something elsewhere')
    },
  },
  {
    id: 'PAG4',
    level: 'MUST',
    title: 'show what a handler reports as text, never as markup',
    source: 'protocol, Page',
    needs: ['page'],
    async run({ hold, submit }) {
      const failed = await submit({ throw: { message: HOSTILE, expose: true, status: 422, code: 'no' } })
      await failed.finished()
      for (const job of [await hold({ progress: [[10, HOSTILE]] }), failed]) {
        const { text } = await opened(job)
        ok(text.includes('alert(1)'), 'the page does not show what the handler says')
        ok(!text.includes('<script>alert') && !text.includes('<img'), 'the page has what the handler says in it as markup')
      }
    },
  },
  {
    id: 'PAG5',
    level: 'MUST',
    title: 'answer the form that cancels with 303 to the page',
    source: 'RFC 9110 15.4.4',
    needs: ['page'],
    async run({ hold }) {
      const job = await hold()
      const form = { headers: { accept: BROWSER, 'content-type': 'application/x-www-form-urlencoded' } }
      const reply = await job.cancel(form)
      hasStatus(reply, 303)
      hasField(reply, 'location', job.statusUrl)
      equal((await job.finished()).document().status, 'canceled', 'status')
      hasStatus(await job.cancel(form), 303)
    },
  },
  {
    id: 'PAG6',
    level: 'MUST',
    title: 'make the page of an unfinished job refresh itself and offer to cancel the job, both without a script',
    source: 'protocol, Page',
    needs: ['page', 'release'],
    async run({ hold }) {
      const job = await hold()
      const { text } = await opened(job)
      match(text, /<noscript><meta http-equiv="refresh" content="[1-9]\d*"/, 'the page')
      match(text, /<form[^>]* method="post"/, 'the page')
      await job.release()
      await job.finished()
      const after = await opened(job)
      hasStatus(after, 200)
      ok(!after.text.includes('http-equiv="refresh"'), 'the page of a finished job refreshes itself')
      ok(after.text.includes(`${job.statusUrl}/result"`), 'the page of a job that has succeeded has no link to its result')
    },
  },
]
