import { type Answer, isEvents, isStream } from '@respond-async/core'
import { document, drop, type FaultCase, header, json, withField, without } from './faults'

const PROBLEM = { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' }
const refused = (status: number) => ({
  status,
  headers: PROBLEM,
  body: JSON.stringify({ type: 'about:blank', title: 'no', status, code: 'no' }),
})

/** An answer whose events come otherwise; `''`: not at all. */
function withPieces(answer: Answer, change: (text: string) => string): Answer {
  const { body } = answer
  if (!isEvents(body)) return answer
  return {
    ...answer,
    body: {
      open: ({ write, end, fail }) =>
        body.open({
          write(piece) {
            const text = change(Buffer.from(piece).toString())
            return text === '' || write(Buffer.from(text))
          },
          end,
          fail,
        }),
    },
  }
}

/** The answer, whose body comes once it is whole. */
function asWhole(answer: Answer): Answer {
  const { body } = answer
  if (!isEvents(body)) return answer
  const pieces: Uint8Array[] = []
  return {
    ...answer,
    body: {
      open: ({ write, end, fail }) =>
        body.open({
          write: (piece) => pieces.push(piece) > 0,
          end() {
            for (const piece of pieces) write(piece)
            end()
          },
          fail,
        }),
    },
  }
}

/** The answer, whose body ends in order where it should break off. */
function withoutBreak(answer: Answer): Answer {
  const { body } = answer
  if (!isEvents(body)) return answer
  return { ...answer, body: { open: (sink) => body.open({ ...sink, write: sink.write, end: sink.end, fail: sink.end }) } }
}

/** It never says that there is room again. */
function withoutReady(answer: Answer): Answer {
  const { body } = answer
  if (!isEvents(body)) return answer
  return { ...answer, body: { open: (sink) => ({ ready() {}, close: body.open(sink).close }) } }
}

/** More servers with one fault each, so that every audit is seen to fail: each is run with the audits that are near to it. */
export const SMALL_FAULTS: Readonly<Record<string, FaultCase>> = {
  'a 202 without Location': {
    make: () => ({ answer: (answer) => (answer.status === 202 ? without(answer, 'location') : answer) }),
    among: /^ACC/,
    fails: 'ACC1 ACC2 ACC3 ACC4 ACC5 ACC6 ACC7 ACC8 ACC9 ACC10 ACC12 ACC15 ACC16 ACC18 ACC19',
  },
  'a job that is readable late': {
    make: () => {
      const asked = new Set<string>()
      return {
        answer(answer, { url = '', method }) {
          if (method !== 'GET' || !url.startsWith('/jobs/') || asked.has(url)) return answer
          asked.add(url)
          return refused(404)
        },
      }
    },
    among: /^ACC/,
    fails: 'ACC1 ACC8 ACC9 ACC12',
  },
  'a Location on every answer to a POST': {
    make: () => ({
      answer: (answer, { url }) => (url?.startsWith('/audit/') && answer.status !== 202 ? withField(answer, 'Location', '/') : answer),
    }),
    among: /^(?:ACC|PRF|CAP)/,
    fails: 'ACC11 ACC13 PRF1 PRF9 CAP5 CAP9',
  },
  '413, but stored all the same': {
    make: () => {
      const tooLarge = new Set<unknown>()
      return {
        request(request) {
          if (request.url !== '/audit/small' || Number(request.headers['content-length']) < 1_024) return
          request.url = '/audit/work'
          tooLarge.add(request)
        },
        answer: (answer, request) => (tooLarge.has(request) ? { ...refused(413), body: '{"status":413,"code":"body-too-large"}' } : answer),
      }
    },
    among: /^ACC/,
    fails: 'ACC15',
  },
  'routes without their options': {
    make: () => ({
      request(request) {
        if (request.url && request.method === 'POST')
          request.url = request.url.replace(/^\/audit\/(?!release|echo|limited|brief)\w+/, '/audit/work')
      },
    }),
    among: /^(?:ACC|PRF|IDM|DOC|POL|CAN|COR)/,
    fails: 'ACC10 ACC11 ACC13 ACC14 ACC15 ACC16 ACC17 PRF1 IDM4 DOC8 DOC9 DOC17 DOC19 POL13 POL14 POL15 POL16 POL17 POL18 CAN1 COR6',
  },
  'events that stop before the last': {
    make: () => ({ answer: (answer) => withPieces(answer, (text) => (text.includes('event: succeeded') ? '' : text)) }),
    among: /^EVT/,
    fails: 'EVT1 EVT3 EVT4',
  },
  'events that are all called progress': {
    make: () => ({ answer: (answer) => withPieces(answer, (text) => text.replace(/^event: .*/m, 'event: progress')) }),
    among: /^EVT/,
    fails: 'EVT2',
  },
  'events of a job that never was, where one is gone': {
    make: () => ({ answer: (answer, { url }) => (url?.endsWith('/events') && answer.status === 410 ? refused(404) : answer) }),
    among: /^(?:EVT|PRG)/,
    fails: 'PRG2',
  },
  'events without ids': {
    make: () => ({ answer: (answer) => withPieces(answer, (text) => text.replace(/^id: .*\n/m, '')) }),
    among: /^EVT/,
    fails: 'EVT2 EVT3',
  },
  'events to whoever knows the last': {
    make: () => ({
      answer: (answer, { url }) => (url?.endsWith('/events') && answer.status === 204 ? { ...answer, status: 200 } : answer),
    }),
    among: /^EVT/,
    fails: 'EVT3',
  },
  'no look at Accept': {
    make: () => ({ request: (request) => drop(request, 'accept') }),
    among: /^EVT/,
    fails: 'EVT4',
  },
  'events that may be cached': {
    make: () => ({ answer: (answer) => (isEvents(answer.body) ? withField(answer, 'Cache-Control', 'public, max-age=60') : answer) }),
    among: /^EVT/,
    fails: 'EVT5',
  },
  'a stream that is not told from a result': {
    make: () => ({ request: (request) => drop(request, 'range') }),
    among: /^LIV/,
    fails: 'LIV3 LIV4',
  },
  'a stream that ends in order whatever happens': {
    make: () => ({ answer: (answer) => withoutBreak(answer) }),
    among: /^LIV/,
    fails: 'LIV5',
  },
  'a stream that comes as a whole': {
    make: () => ({ answer: (answer, { url }) => (url?.endsWith('/stream') ? asWhole(answer) : answer) }),
    among: /^LIV1$/,
    fails: 'LIV1',
  },
  'a stream that stands still where the connection takes no more': {
    make: () => ({ answer: (answer) => withoutReady(answer) }),
    among: /^LIV/,
    fails: 'LIV9',
  },
  'a stream that may be cached': {
    make: () => ({ answer: (answer, { url }) => (url?.endsWith('/stream') ? withField(answer, 'Cache-Control', 'private') : answer) }),
    among: /^LIV[13-7]/,
    fails: 'LIV6',
  },
  'a stream without Last-Event-ID': {
    make: () => ({ request: (request) => drop(request, 'last-event-id') }),
    among: /^LIV/,
    fails: 'LIV7',
  },
  'a stream with a header of its own': {
    make: () => ({
      answer: (answer, { url }) => (url?.endsWith('/stream') && answer.status === 203 ? { ...answer, status: 200 } : answer),
    }),
    among: /^LIV/,
    fails: 'LIV1',
  },
  'a stream that waits for its head': {
    make: () => ({
      answer: (answer, { url }) => (url?.endsWith('/stream') && answer.status === 404 ? { status: 204, headers: {}, body: null } : answer),
    }),
    among: /^LIV/,
    fails: 'LIV2',
  },
  'a length of 0 for HEAD': {
    make: () => ({ answer: (answer, { method }) => (method === 'HEAD' ? withField(answer, 'Content-Length', '0') : answer) }),
    among: /^LIV/,
    fails: 'LIV8',
  },
  'a page for nobody': {
    make: () => ({ request: (request) => void (request.headers.accept?.match(/html/i) && drop(request, 'accept')) }),
    among: /^PAG/,
    fails: 'PAG1 PAG2 PAG3 PAG4 PAG5 PAG6',
  },
  'a page with the tag of the document': {
    make: () => ({ answer: (answer) => withField(answer, 'ETag', String(answer.headers.ETag).replace(/-[^"]*/, '')) }),
    among: /^PAG2$/,
    fails: 'PAG2',
  },
  'a page in which everything may run': {
    make: () => ({ answer: (answer) => without(answer, 'content-security-policy') }),
    among: /^PAG/,
    fails: 'PAG3',
  },
  'a page that believes what it is told': {
    make: () => ({
      answer: (answer) => {
        const { body } = answer
        if (typeof body !== 'string' || !body.startsWith('<!doctype')) return answer
        return { ...answer, body: body.replaceAll('&lt;', '<').replaceAll('&gt;', '>') }
      },
    }),
    among: /^PAG/,
    fails: 'PAG4',
  },
  'a page that stays as it is': {
    make: () => ({
      answer: (answer) => {
        const { body } = answer
        return typeof body === 'string' && body.startsWith('<!doctype') ? { ...answer, body: body.replace('http-equiv', 'name') } : answer
      },
    }),
    among: /^PAG/,
    fails: 'PAG6',
  },
  'no Prefer at all': {
    make: () => ({ request: (request) => drop(request, 'prefer') }),
    among: /^(?:PRF|LNG|CAP[1-9]$)/,
    fails: 'PRF2 PRF3 PRF4 PRF5 PRF7 PRF8 PRF9 PRF10 PRF11 PRF12 LNG1 LNG2 LNG4 LNG5 LNG6 CAP1 CAP2 CAP3 CAP4 CAP5 CAP6 CAP7 CAP8 CAP9',
  },
  'a second for a bare wait': {
    make: () => ({ request: ({ headers }) => void (headers.prefer === 'wait' && Object.assign(headers, { prefer: 'wait=1' })) }),
    among: /^(?:PRF|LNG)/,
    fails: 'PRF11',
  },
  'polls that are not told of progress': {
    make: () => ({
      answer: (answer, { headers }) =>
        headers.prefer === 'wait=15' && String(answer.body).includes('"percentComplete"') && answer.status === 202
          ? new Promise(() => {})
          : answer,
    }),
    among: /^LNG/,
    fails: 'LNG2',
  },
  'a document for whatever has not succeeded': {
    make: () => ({
      answer: (answer, { url }) =>
        url?.startsWith('/inline-jobs/') && answer.status >= 400 ? { ...answer, status: 200, body: '{"status":"failed"}' } : answer,
    }),
    among: /^POL/,
    fails: 'POL16 POL17',
  },
  'a Link that is not absolute': {
    make: () => ({
      answer: (answer) =>
        'Link' in answer.headers ? withField(answer, 'Link', String(answer.headers.Link).replace('https://api.audit.example', '')) : answer,
    }),
    among: /^ACC/,
    fails: 'ACC10',
  },
  'an error for a Prefer that cannot be read': {
    make: () => ({
      answer: (answer, { headers }) => (/^(?:,|;|wait=[^\d]|)/.exec(headers.prefer?.toString() ?? 'x')?.[0] === '' ? answer : refused(400)),
    }),
    among: /^PRF/,
    fails: 'PRF3 PRF6',
  },
  'no Idempotency-Key': {
    make: () => ({ request: (request) => drop(request, 'idempotency-key') }),
    among: /^IDM/,
    fails: 'IDM1 IDM2 IDM3 IDM4 IDM5 IDM7 IDM8 IDM10',
  },
  'one owner for all': {
    make: () => ({ request: ({ headers }) => void Object.assign(headers, { 'x-audit-owner': 'all' }) }),
    among: /^(?:IDM6|LST2|LST7|PRB3)$/,
    fails: 'IDM6 LST2 LST7 PRB3',
  },
  'guessable ids': {
    make: () => ({ answer: (answer) => document(answer, (members) => ({ ...members, id: '1234' })) }),
    among: /^(?:DOC2|ACC7)$/,
    fails: 'ACC7 DOC2',
  },
  'the number of the first attempt': {
    make: () => ({ answer: (answer) => document(answer, (members) => ({ attempt: 1, ...members })) }),
    among: /^DOC/,
    fails: 'DOC9',
  },
  'no result in the document': {
    make: () => ({ answer: (answer) => document(answer, ({ result: _, ...members }) => members) }),
    among: /^DOC/,
    fails: 'DOC11',
  },
  'no resourceLocation': {
    make: () => ({ answer: (answer) => document(answer, ({ resourceLocation: _, ...members }) => members) }),
    among: /^DOC/,
    fails: 'DOC12',
  },
  'no error in the document': {
    make: () => ({ answer: (answer) => document(answer, ({ error: _, ...members }) => members) }),
    among: /^(?:DOC|POL)/,
    fails: 'DOC13 DOC14 DOC15 DOC18 DOC19 DOC20 POL10',
  },
  'no If-None-Match': {
    make: () => ({ request: (request) => drop(request, 'if-none-match') }),
    among: /^(?:POL|LNG)/,
    fails: 'POL3 POL4 POL8 POL20 LNG3 LNG4 LNG5',
  },
  'an error for an If-None-Match that cannot be read': {
    make: () => ({ answer: (answer, { headers }) => (headers['if-none-match'] === ',' ? refused(400) : answer) }),
    among: /^INP/,
    fails: 'INP3',
  },
  'a bare status': {
    make: () => ({
      answer: (answer, { method, url = '' }) =>
        method === 'GET' && /jobs\/[^/]+$/.test(url) && answer.status < 300
          ? { ...answer, headers: { 'content-type': 'text/plain' } }
          : answer,
    }),
    among: /^(?:ACC|POL|LNG)/,
    fails: 'ACC9 ACC10 POL2 POL3 POL4 POL5 POL6 POL7 POL8 POL9 POL12 POL13 POL15 POL18 POL19 POL20 LNG1 LNG2 LNG4 LNG5',
  },
  'polls that are held for ever': {
    make: () => ({
      answer: (answer, { headers, method }) => (method === 'GET' && headers.prefer === 'wait=15' ? new Promise(() => {}) : answer),
    }),
    among: /^LNG/,
    fails: 'LNG1 LNG2 LNG3 LNG6',
  },
  'no Range': { make: () => ({ request: (request) => drop(request, 'range') }), among: /^RES/, fails: 'RES7 RES8' },
  'an error for a Range that cannot be read': {
    make: () => ({ answer: (answer, { headers }) => (headers.range && !/^bytes=\d*-\d*$/.test(headers.range) ? refused(416) : answer) }),
    among: /^(?:RES|INP)/,
    fails: 'RES9 INP3',
  },
  '200 for every result': {
    make: () => ({ answer: (answer, { url }) => (url?.endsWith('/result') && answer.status < 600 ? { ...answer, status: 200 } : answer) }),
    among: /^(?:RES|CAP|CAN)/,
    fails: 'RES1 RES3 RES4 RES5 RES6 RES7 RES8 CAP3 CAP5 CAP6 CAN7',
  },
  'a result that everybody may cache': {
    make: () => ({ answer: (answer, { url }) => (url?.endsWith('/result') ? without(answer, 'cache-control', 'sunset') : answer) }),
    among: /^RES/,
    fails: 'RES2 RES3 RES11',
  },
  'a result of an owner that everybody may cache where the handler allows it': {
    make: () => ({
      answer(answer, { url }) {
        const said = answer.headers['cache-control']
        return url?.endsWith('/result') && said?.includes('max-age') ? withField(answer, 'cache-control', 'max-age=60') : answer
      },
    }),
    among: /^RES/,
    fails: 'RES11',
  },
  'hop-by-hop fields in the result': {
    make: () => ({ answer: (answer, { url }) => (url?.endsWith('/result') ? withField(answer, 'te', 'trailers') : answer) }),
    among: /^RES/,
    fails: 'RES10',
  },
  'JSON and text of a result written anew': {
    make: () => ({
      answer(answer, { url }) {
        const { body } = answer
        if (!url?.endsWith('/result') || body === null || isStream(body) || isEvents(body)) return answer
        return {
          ...json(answer, '{', (members) => members),
          body: typeof body === 'string' ? body.trim().replaceAll(' ', '') : Buffer.from(body).toString().trim(),
        }
      },
    }),
    among: /^(?:RES|CAP)/,
    fails: 'CAP1 CAP2 CAP7 CAP8 CAP10',
  },
  'a redirect without Location': {
    make: () => ({ answer: (answer, { url }) => (url?.endsWith('/result') ? without(answer, 'location') : answer) }),
    among: /^CAP/,
    fails: 'CAP5',
  },
  'cancellation that is not heard': {
    make: () => ({
      request(request) {
        if (!request.url?.startsWith('/jobs/') || (request.method !== 'DELETE' && !request.url.endsWith('/cancel'))) return
        request.method = 'GET'
        request.url = request.url.replace(/\/cancel$/, '')
      },
    }),
    among: /^(?:CAN|PRG[1-3]|INP)/,
    fails: 'CAN1 CAN2 CAN3 CAN4 CAN5 CAN6 CAN7 PRG1 PRG2 PRG3 INP6',
  },
  'a purge that is only said': {
    make: () => {
      const said = new Set<unknown>()
      return {
        request(request) {
          if (request.method !== 'DELETE') return
          request.method = 'GET'
          said.add(request)
        },
        answer: (answer, request) => (said.has(request) && answer.status === 200 ? { status: 204, headers: {}, body: null } : answer),
      }
    },
    among: /^(?:IDM9|PRG)/,
    fails: 'IDM9 PRG2 PRG3 PRG4 PRG6',
  },
  'a later cancellation with a time of its own': {
    make: () => {
      let now = Date.now()
      return {
        answer: (answer, { method }) =>
          method === 'POST'
            ? document(answer, (members) =>
                'cancelRequestedAt' in members ? { ...members, cancelRequestedAt: new Date(now++).toISOString() } : members,
              )
            : answer,
      }
    },
    among: /^CAN/,
    fails: 'CAN8',
  },
  'a tombstone that stays for ever': {
    make: () => ({ answer: (answer, { url }) => (url?.startsWith('/jobs/') && answer.status === 404 ? refused(410) : answer) }),
    among: /^(?:PRG1|PRB)/,
    fails: 'PRB1',
  },
  'a list that knows no query': {
    make: () => ({ request: (request) => void Object.assign(request, { url: request.url?.replace(/^(\/jobs)\?.*/, '$1') }) }),
    among: /^LST/,
    fails: 'LST3 LST4 LST5 LST6',
  },
  'a list in the other order, that may be stored': {
    make: () => ({
      answer: (answer) =>
        answer.body?.toString().startsWith('{"jobs":[')
          ? without(
              json(answer, '', (members) => ({ ...members, jobs: (members.jobs as unknown[]).reverse() })),
              'cache-control',
            )
          : answer,
    }),
    among: /^LST/,
    fails: 'LST1 LST8',
  },
  'purged jobs in the list': {
    make: () => ({ answer: (answer) => (answer.body === '{"jobs":[]}' ? { ...answer, body: '{"jobs":[{"id":"1"}]}' } : answer) }),
    among: /^(?:LST|PRG6)/,
    fails: 'PRG6 LST2 LST4 LST5',
  },
  'a 404 that names the id': {
    make: () => ({ answer: (answer, { url }) => json(answer, '"job-not-found"', (members) => ({ ...members, detail: url })) }),
    among: /^(?:PRB|PRG4)/,
    fails: 'PRG4 PRB2 PRB3',
  },
  'null in problems': {
    make: () => ({
      answer: (answer, { method }) =>
        method === 'HEAD' ? answer : json(answer, '"urn:problem', (members) => ({ detail: null, ...members })),
    }),
    among: /^PRB/,
    fails: 'PRB6',
  },
  'problems as text': {
    make: () => ({
      answer: (answer) =>
        answer.headers['Content-Type'] === PROBLEM['Content-Type'] ? withField(answer, 'Content-Type', 'text/plain') : answer,
    }),
    among: /^(?:ACC|IDM|POL|RES|CAN|PRG|LST|PRB|MET)/,
    fails: 'ACC14 ACC16 ACC17 ACC18 IDM3 IDM4 IDM5 IDM10 POL16 POL17 RES3 RES4 RES5 RES8 CAN5 CAN7 PRG2 PRG5 LST6 PRB1 PRB5 MET4',
  },
  '405 that no page can read': {
    make: () => ({ answer: (answer) => (answer.status === 405 ? without(answer, 'access-control-allow-origin') : answer) }),
    among: /^(?:COR|MET)/,
    fails: 'COR1',
  },
  '200 for OPTIONS': {
    make: () => ({ answer: (answer, { method }) => (method === 'OPTIONS' ? { ...answer, status: 200 } : answer) }),
    among: /^(?:COR|MET)/,
    fails: 'MET5',
  },
  '405 without Allow': { make: () => ({ answer: (answer) => without(answer, 'allow') }), among: /^MET/, fails: 'MET4 MET5' },
  'CORS for nobody': {
    make: () => ({
      answer: (answer) =>
        header(answer, (fields) => {
          for (const name of Object.keys(fields)) if (name.startsWith('Access-Control-') || fields[name] === 'Origin') delete fields[name]
        }),
    }),
    among: /^COR/,
    fails: 'COR1 COR2 COR5',
  },
  'CORS for everybody': {
    make: () => ({ answer: (answer) => withField(withField(answer, 'Access-Control-Allow-Origin', '*'), 'Vary', 'Prefer, Accept') }),
    among: /^COR/,
    fails: 'COR1 COR3 COR4 COR5 COR6',
  },
  'a crash where a path cannot be decoded': {
    make: () => ({ answer: (answer, { url }) => (url?.includes('%') ? refused(500) : answer) }),
    among: /^(?:INP|PRB)/,
    fails: 'PRB2 INP1 INP4',
  },
  'a body wanted from everyone': {
    make: () => ({
      answer: (answer, { headers, url }) => (url === '/audit/work' && !Number(headers['content-length']) ? refused(400) : answer),
    }),
    among: /^INP/,
    fails: 'INP1 INP2 INP3 INP4 INP5',
  },
}
