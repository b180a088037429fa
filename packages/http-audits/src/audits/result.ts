import type { Audit } from '../audit'
import { equal, hasField, hasNoField, hasStatus, isProblem, lists, match, retryAfterOf } from '../expectation'

const TEXT = '0123456789'
const PLAIN = { respond: { headers: [['content-type', 'text/plain']], text: TEXT } } as const
const CACHED = { respond: { headers: [['cache-control', 'max-age=60']], text: TEXT } } as const

export const resultAudits: readonly Audit[] = [
  {
    id: 'RES1',
    level: 'MUST',
    title: 'answer the result URL with the status, header and body that the handler sent',
    source: 'protocol, Result',
    async run({ submit }) {
      const job = await submit({
        respond: {
          status: 203,
          headers: [
            ['content-type', 'text/csv'],
            ['x-report', 'yes'],
          ],
          text: 'a,b',
        },
      })
      await job.finished()
      const reply = await job.result()
      hasStatus(reply, 203)
      equal(reply.text, 'a,b', 'the body')
      match(reply.headers.get('content-type'), /^text\/csv(?:;|$)/, 'Content-Type of the result')
      hasField(reply, 'x-report', 'yes')
    },
  },
  {
    id: 'RES2',
    level: 'MUST',
    title: 'send the result with Cache-Control: private, unless the handler said otherwise, and with Sunset',
    source: 'RFC 9111 5.2.2.7, RFC 8594',
    async run({ submit }) {
      const job = await submit(PLAIN)
      const status = await job.finished()
      const reply = await job.result()
      lists(reply, 'cache-control', 'private')
      hasField(reply, 'sunset', status.headers.get('sunset') ?? 'that of the status')
      const own = await submit(CACHED, { owner: null })
      await own.finished()
      hasField(await own.result(), 'cache-control', 'max-age=60')
    },
  },
  {
    id: 'RES3',
    level: 'MUST',
    title: 'answer the result URL of an unfinished job with 404, Retry-After and no-store',
    source: 'RFC 9110 15.5.5',
    async run({ hold }) {
      const reply = await (await hold()).result()
      isProblem(reply, 404, 'result-not-ready')
      retryAfterOf(reply)
      lists(reply, 'cache-control', 'no-store')
    },
  },
  {
    id: 'RES4',
    level: 'MUST',
    title: 'answer the result URL of a canceled job with 409',
    source: 'RFC 9110 15.5.10',
    async run({ hold }) {
      const job = await hold()
      await job.cancel()
      await job.finished()
      isProblem(await job.result(), 409, 'job-canceled')
    },
  },
  {
    id: 'RES5',
    level: 'MUST',
    title:
      'answer the result URL of a job that failed without a response with its problem: 500, or the status of an error that may be shown',
    source: 'RFC 9457',
    async run({ submit }) {
      const threw = await submit({ throw: { message: 'boom' } })
      await threw.finished()
      isProblem(await threw.result(), 500, 'handler_failed')
      const exposed = await submit({ throw: { message: 'no such month', expose: true, status: 422, code: 'no_month' } })
      await exposed.finished()
      isProblem(await exposed.result(), 422, 'no_month')
    },
  },
  {
    id: 'RES6',
    level: 'MUST',
    title: 'replay an error response of the handler at the result URL',
    source: 'protocol, Result',
    async run({ submit }) {
      const job = await submit({
        respond: {
          status: 451,
          headers: [
            ['content-type', 'text/html'],
            ['x-why', 'law'],
          ],
          text: '<p>no</p>',
        },
      })
      await job.finished()
      const reply = await job.result()
      hasStatus(reply, 451)
      equal(reply.text, '<p>no</p>', 'the body')
      hasField(reply, 'x-why', 'law')
    },
  },
  {
    id: 'RES7',
    level: 'MUST',
    title: 'answer a range of the result with 206: first to last byte, from a byte to the end, and the last bytes',
    source: 'RFC 9110 14.2',
    async run({ submit }) {
      const job = await submit(PLAIN)
      await job.finished()
      hasField(await job.result(), 'accept-ranges', 'bytes')
      for (const [range, text, place] of [
        ['bytes=2-4', '234', 'bytes 2-4/10'],
        ['bytes=7-', '789', 'bytes 7-9/10'],
        ['bytes=-2', '89', 'bytes 8-9/10'],
        ['bytes=8-99', '89', 'bytes 8-9/10'],
      ] as const) {
        const reply = await job.result({ headers: { range } })
        hasStatus(reply, 206)
        equal(reply.text, text, `the body of ${range}`)
        hasField(reply, 'content-range', place)
      }
    },
  },
  {
    id: 'RES8',
    level: 'MUST',
    title: 'answer a range that begins behind the end with 416 and the size',
    source: 'RFC 9110 15.5.17',
    async run({ submit }) {
      const job = await submit(PLAIN)
      await job.finished()
      const reply = await job.result({ headers: { range: 'bytes=10-' } })
      isProblem(reply, 416, 'range-not-satisfiable')
      hasField(reply, 'content-range', 'bytes */10')
    },
  },
  {
    id: 'RES9',
    level: 'MUST',
    title: 'send the whole result for a range that it cannot read, or whose If-Range does not match, or of an empty result',
    source: 'RFC 9110 13.1.5, 14.2',
    async run({ submit }) {
      const job = await submit(PLAIN)
      await job.finished()
      const fields: Record<string, string>[] = [{ range: 'rows=1-2' }, { range: 'bytes=4-2' }, { range: 'bytes=' }, { range: 'bytes=x-y' }]
      for (const headers of [...fields, { range: 'bytes=0-1', 'if-range': '"x"' }]) {
        const reply = await job.result({ headers })
        hasStatus(reply, 200)
        equal(reply.text, TEXT, `the body for ${JSON.stringify(headers)}`)
      }
      const empty = await submit({ respond: { text: '' } })
      await empty.finished()
      hasStatus(await empty.result({ headers: { range: 'bytes=0-' } }), 200)
    },
  },
  {
    id: 'RES10',
    level: 'MUST',
    title: 'drop the hop-by-hop fields of the captured response, and those that its Connection names',
    source: 'RFC 9110 7.6.1',
    async run({ submit }) {
      const headers = [
        ['connection', 'X-Hop'],
        ['x-hop', 'mine'],
        ['keep-alive', 'timeout=99'],
        ['proxy-authenticate', 'Basic'],
        ['te', 'trailers'],
        ['x-report', 'yes'],
      ] as const
      const job = await submit({ respond: { headers, text: TEXT } })
      await job.finished()
      const reply = await job.result()
      hasField(reply, 'x-report', 'yes')
      for (const name of ['x-hop', 'proxy-authenticate', 'te']) hasNoField(reply, name)
      equal(reply.headers.get('keep-alive') === 'timeout=99', false, 'the Keep-Alive of the handler')
    },
  },
  {
    id: 'RES11',
    level: 'MUST',
    title: 'send the result of a job that has an owner with Cache-Control: private, whatever the handler said',
    source: 'RFC 9111 5.2.2.7',
    needs: ['owner'],
    async run({ submit }) {
      const job = await submit(CACHED)
      await job.finished()
      lists(await job.result(), 'cache-control', 'private')
    },
  },
]
