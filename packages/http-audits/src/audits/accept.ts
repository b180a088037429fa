import type { Audit } from '../audit'
import { equal, hasField, hasNoField, hasStatus, isProblem, lists, match, ok, retryAfterOf } from '../expectation'
import { isOver } from '../subject'
import { AUDIT_BASE_URL, MAX_PER_OWNER, REFUSE_HEADER, refusal, SMALL_BYTES } from '../target'

export const acceptAudits: readonly Audit[] = [
  {
    id: 'ACC1',
    level: 'MUST',
    title: 'answer an accepted request with 202 and the URL of its status monitor in Location',
    source: 'RFC 9110 15.3.3',
    async run({ post, fetch }) {
      const accepted = await post()
      hasStatus(accepted, 202)
      const location = accepted.headers.get('location')
      ok(location, 'the 202 has no Location')
      hasStatus(await fetch(location), 200, 202)
    },
  },
  {
    id: 'ACC2',
    level: 'MUST',
    title: 'name the same URL in Content-Location, because the body of the 202 is the status document',
    source: 'RFC 9110 8.7',
    async run({ submit }) {
      const { accepted, statusUrl } = await submit()
      hasField(accepted, 'content-location', statusUrl)
    },
  },
  {
    id: 'ACC3',
    level: 'MUST',
    title: 'send Retry-After with the 202, as whole seconds of at least 1',
    source: 'RFC 9110 10.2.3',
    async run({ submit }) {
      retryAfterOf((await submit()).accepted)
    },
  },
  {
    id: 'ACC4',
    level: 'MUST',
    title: 'send a Link with rel="monitor" to the status URL',
    source: 'RFC 8288 3, RFC 5989',
    async run({ submit }) {
      const { accepted, statusUrl } = await submit()
      lists(accepted, 'link', `<${statusUrl}>; rel="monitor"`)
    },
  },
  {
    id: 'ACC5',
    level: 'MUST',
    title: 'send the 202 with Cache-Control: no-store',
    source: 'RFC 9111 5.2.2.5',
    async run({ submit }) {
      lists((await submit()).accepted, 'cache-control', 'no-store')
    },
  },
  {
    id: 'ACC6',
    level: 'MUST',
    title: 'send the 202 with Vary: Prefer',
    source: 'RFC 7240 2',
    async run({ submit }) {
      lists((await submit()).accepted, 'vary', 'Prefer')
    },
  },
  {
    id: 'ACC7',
    level: 'MUST',
    title: 'send the status document with the 202, as application/json',
    source: 'RFC 9110 15.3.3',
    async run({ submit }) {
      const { accepted, id, statusUrl } = await submit()
      match(accepted.headers.get('content-type'), /^application\/json(?:;|$)/, 'Content-Type of the 202')
      equal(accepted.document().id, id, 'id in the 202')
      equal(accepted.document().links.self, statusUrl, 'links.self in the 202')
    },
  },
  {
    id: 'ACC8',
    level: 'MUST',
    title: 'make the job readable before it sends the 202',
    source: 'protocol, Accepting',
    async run({ submit }) {
      for (let round = 0; round < 5; round++) hasStatus(await (await submit()).status(), 200, 202)
    },
  },
  {
    id: 'ACC9',
    level: 'MUST',
    title: 'make links path-absolute, below the mount path, and not from Host, Forwarded or X-Forwarded-*',
    source: 'protocol, Links',
    async run({ submit, path }) {
      const host = 'elsewhere.audit.example'
      const forwarded = {
        'x-forwarded-host': host,
        'x-forwarded-proto': 'https',
        'x-forwarded-prefix': '/elsewhere',
        'x-forwarded-port': '81',
      }
      const headers = { host, ...forwarded, forwarded: `host=${host};proto=https` }
      const { accepted, statusUrl, status } = await submit({}, { headers })
      ok(path === undefined || statusUrl.startsWith(`${path}/`), `Location is ${statusUrl}, which is not below ${path}`)
      for (const reply of [accepted, await status({ headers })]) {
        const { links } = reply.document()
        for (const link of [reply.headers.get('location') ?? statusUrl, reply.headers.get('content-location'), ...Object.values(links)])
          match(link, /^\/(?!\/|elsewhere\/)/, `a link of ${reply.asked}`)
      }
    },
  },
  {
    id: 'ACC10',
    level: 'MUST',
    title: 'make all links absolute where a base URL is configured',
    source: 'protocol, Links',
    needs: ['base-url'],
    async run({ post, fetch }) {
      const accepted = await post({}, { route: 'absolute' })
      hasStatus(accepted, 202)
      const location = accepted.headers.get('location') ?? ''
      const begin = `${AUDIT_BASE_URL}/`
      ok(location.startsWith(begin), `Location is ${location}, which does not begin with ${begin}`)
      hasField(accepted, 'content-location', location)
      lists(accepted, 'link', `<${location}>; rel="monitor"`)
      const status = await fetch(new URL(location).pathname)
      hasField(status, 'content-location', location)
      for (const link of Object.values(status.document().links)) ok(link?.startsWith(begin), `${link} does not begin with ${begin}`)
    },
  },
  {
    id: 'ACC11',
    level: 'MUST',
    title: 'send the handler’s own response if the handler finishes within the time that the route gives it',
    source: 'protocol, Waiting',
    needs: ['after'],
    async run({ post }) {
      const reply = await post({ respond: { status: 201, headers: [['x-report', 'yes']], text: 'done' } }, { route: 'after' })
      hasStatus(reply, 201)
      equal(reply.text, 'done', 'the body')
      hasField(reply, 'x-report', 'yes')
      for (const name of ['location', 'content-location', 'retry-after', 'link', 'sunset', 'cache-control']) hasNoField(reply, name)
    },
  },
  {
    id: 'ACC12',
    level: 'MUST',
    title: 'answer 202 if the handler does not finish within the time that the route gives it',
    source: 'protocol, Waiting',
    needs: ['after'],
    async run({ submit, token }) {
      const job = await submit({ hold: token().token }, { route: 'after' })
      // On a busy machine its time may be over before it has begun to run.
      const begun = await job.until(({ status }) => status !== 'queued', 'begun to run')
      equal(begun.document().status, 'running', 'status')
    },
  },
  {
    id: 'ACC13',
    level: 'MUST',
    title: 'pass on unchanged what a validator in front of the handler answers',
    source: 'protocol, Accepting',
    needs: ['validated'],
    async run({ post }) {
      const reply = await post({}, { route: 'validated', headers: { [REFUSE_HEADER]: '1' } })
      const { status, body } = refusal()
      hasStatus(reply, status)
      equal(reply.text, body, 'the body')
      hasNoField(reply, 'location')
      hasStatus(await post({}, { route: 'validated' }), 202)
    },
  },
  {
    id: 'ACC14',
    level: 'MUST',
    title: 'answer 413 to a body over the limit',
    source: 'RFC 9110 15.5.14',
    needs: ['body-limit'],
    async run({ post }) {
      const plan = (bytes: number) => ({ respond: { text: 'x'.repeat(bytes) } })
      isProblem(await post(plan(SMALL_BYTES), { route: 'small' }), 413, 'body-too-large')
      hasStatus(await post(plan(SMALL_BYTES / 2), { route: 'small' }), 202)
    },
  },
  {
    id: 'ACC15',
    level: 'MUST',
    title: 'store nothing of a request that it refuses',
    source: 'protocol, Accepting',
    needs: ['body-limit', 'owner', 'list'],
    async run({ post, submit, fetch }) {
      await post({ respond: { text: 'x'.repeat(SMALL_BYTES) } }, { route: 'small' })
      const { id, statusUrl } = await submit()
      const { jobs } = (await fetch(statusUrl.slice(0, -id.length - 1))).json()
      ok(Array.isArray(jobs) && jobs.length === 1, 'the list shows more than the one job that was accepted')
    },
  },
  {
    id: 'ACC16',
    level: 'MUST',
    title: 'answer 503 with Retry-After when the queue is full',
    source: 'RFC 9110 15.6.4',
    needs: ['queue-limit'],
    async run({ hold, post }) {
      await hold({}, { route: 'crowded' })
      const reply = await post({}, { route: 'crowded' })
      isProblem(reply, 503, 'queue-full')
      retryAfterOf(reply)
    },
  },
  {
    id: 'ACC17',
    level: 'MUST',
    title: 'answer 503 with Retry-After while it shuts down',
    source: 'RFC 9110 15.6.4',
    needs: ['draining'],
    async run({ post }) {
      const reply = await post({}, { route: 'stopped' })
      isProblem(reply, 503, 'draining')
      retryAfterOf(reply)
    },
  },
  {
    id: 'ACC18',
    level: 'MUST',
    title: 'answer 429 to an owner with too many unfinished jobs',
    source: 'RFC 6585 4',
    needs: ['owner', 'owner-limit'],
    async run({ submit, token, post }) {
      const gate = token()
      for (let job = 0; job < MAX_PER_OWNER; job++) await submit({ hold: gate.token })
      const reply = await post()
      isProblem(reply, 429, 'too-many-jobs')
      retryAfterOf(reply)
      hasStatus(await post({}, { owner: `other-${crypto.randomUUID()}` }), 202)
    },
  },
  {
    id: 'ACC19',
    level: 'MUST',
    title: 'continue a job whose client disconnects after the 202',
    source: 'protocol, Accepting',
    needs: ['release'],
    async run({ hold }) {
      const gone = new AbortController()
      const job = await hold({}, { signal: gone.signal })
      gone.abort()
      equal(isOver((await job.status()).document()), false, 'being over')
      await job.release()
      equal((await job.finished()).document().status, 'succeeded', 'status')
    },
  },
]
