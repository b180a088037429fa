import type { Audit } from '../audit'
import { equal, hasField, hasNoField, hasStatus, isEmpty, match, sameBytes } from '../expectation'
import type { Reply } from '../reply'
import type { Subject } from '../subject'
import type { PlannedAnswer } from '../target'

/** Checks a planned response both ways: at the result URL, and as the handler's own answer within `Prefer: wait`. */
async function bothWays({ submit, post }: Subject, respond: PlannedAnswer, check: (reply: Reply) => void): Promise<void> {
  const job = await submit({ respond })
  await job.finished()
  check(await job.result())
  check(await post({ respond }, { headers: { prefer: 'wait=15' } }))
}

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte)
const base64 = (bytes: Uint8Array) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
const source = 'protocol, Result'

export const captureAudits: readonly Audit[] = [
  {
    id: 'CAP1',
    level: 'MUST',
    title: 'replay JSON exactly as the handler wrote it, including spaces and the form of numbers',
    source,
    run: (subject) => {
      const text = '{ "a" : 1.0,\n"big":12345678901234567890, "a":"\\u00e9é" }'
      return bothWays(subject, { headers: [['content-type', 'application/json']], text }, (reply) => {
        equal(reply.text, text, 'the body')
        match(reply.headers.get('content-type'), /^application\/json(?:;|$)/, 'Content-Type')
      })
    },
  },
  {
    id: 'CAP2',
    level: 'MUST',
    title: 'replay binary bodies byte for byte',
    source,
    run: (subject) =>
      bothWays(subject, { headers: [['content-type', 'image/png']], base64: base64(EVERY_BYTE) }, (reply) => {
        sameBytes(reply.bytes, EVERY_BYTE, 'the body')
        hasField(reply, 'content-type', 'image/png')
      }),
  },
  {
    id: 'CAP3',
    level: 'MUST',
    title: 'replay an empty 204 without a body or Content-Type',
    source,
    run: (subject) =>
      bothWays(subject, { status: 204, headers: [['x-report', 'yes']] }, (reply) => {
        hasStatus(reply, 204)
        isEmpty(reply)
        hasField(reply, 'x-report', 'yes')
      }),
  },
  {
    id: 'CAP4',
    level: 'MUST',
    title: 'replay each of several Set-Cookie fields',
    source: 'RFC 6265 3',
    run: (subject) =>
      bothWays(
        subject,
        {
          headers: [
            ['set-cookie', 'a=1; Path=/'],
            ['set-cookie', 'b=2; HttpOnly'],
            ['set-cookie', 'c=3'],
          ],
          text: 'x',
        },
        (reply) => equal(reply.headers.getSetCookie().join(' | '), 'a=1; Path=/ | b=2; HttpOnly | c=3', 'the cookies'),
      ),
  },
  {
    id: 'CAP5',
    level: 'MUST',
    title: 'replay a redirect with its Location',
    source,
    run: (subject) =>
      bothWays(subject, { status: 302, headers: [['location', 'https://files.audit.example/7.pdf?x=1']] }, (reply) => {
        hasStatus(reply, 302)
        hasField(reply, 'location', 'https://files.audit.example/7.pdf?x=1')
      }),
  },
  {
    id: 'CAP6',
    level: 'MUST',
    title: 'replay error pages of the handler, both 4xx and 5xx',
    source,
    async run(subject) {
      for (const status of [404, 500])
        await bothWays(subject, { status, headers: [['content-type', 'text/html']], text: '<h1>no</h1>' }, (reply) => {
          hasStatus(reply, status)
          equal(reply.text, '<h1>no</h1>', 'the body')
          match(reply.headers.get('content-type'), /^text\/html(?:;|$)/, 'Content-Type')
        })
    },
  },
  {
    id: 'CAP7',
    level: 'MUST',
    title: 'replay text with any Unicode characters',
    source,
    run: (subject) =>
      bothWays(subject, { headers: [['content-type', 'text/plain; charset=utf-8']], text: 'ä\u0000\ufeff€𝄞\r\n' }, (reply) => {
        sameBytes(reply.bytes, new TextEncoder().encode('ä\u0000\ufeff€𝄞\r\n'), 'the body')
        match(reply.headers.get('content-type'), /^text\/plain; ?charset=utf-8$/i, 'Content-Type')
      }),
  },
  {
    id: 'CAP8',
    level: 'MUST',
    title: 'replay a body of a megabyte whole',
    source,
    async run(subject) {
      const text = '0123456789abcde\n'.repeat(65_536)
      await bothWays(subject, { headers: [['content-type', 'text/plain']], text }, (reply) =>
        equal(reply.text === text, true, 'a whole body'),
      )
    },
  },
  {
    id: 'CAP9',
    level: 'MUST',
    title: 'add no field except Preference-Applied to what the handler answers within Prefer: wait',
    source: 'RFC 7240 3',
    async run({ post }) {
      const reply = await post({ respond: { headers: [['content-type', 'text/plain']], text: 'x' } }, { headers: { prefer: 'wait=15' } })
      for (const name of ['sunset', 'cache-control', 'location', 'content-location', 'link', 'retry-after', 'etag']) hasNoField(reply, name)
    },
  },
  {
    id: 'CAP10',
    level: 'MUST',
    title: 'give the handler the request body byte for byte, with its media type and the query',
    source: 'protocol, Accepting',
    needs: ['echo'],
    async run({ fetch, submit }) {
      const { asked } = (await submit({}, { route: 'echo' })).accepted
      for (const [type, body] of [
        ['application/octet-stream', EVERY_BYTE],
        ['application/xml', new TextEncoder().encode('<?xml version="1.0"?><a b="ü"/>')],
        ['text/plain; charset=iso-8859-1', Uint8Array.of(0xfc)],
      ] as const) {
        const url = `${asked.replace('POST ', '')}?month=May&x=%20%C3%A9&x=2`
        const accepted = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body })
        hasStatus(accepted, 202)
        const result = await ready(fetch, accepted.headers.get('location') ?? '')
        sameBytes(result.bytes, body, `the ${type} that came back`)
        hasField(result, 'content-type', type)
        hasField(result, 'x-audit-query', 'month=May&x=%20%C3%A9&x=2')
      }
    },
  },
]

/** The result, once the job has finished. */
async function ready(fetch: Subject['fetch'], statusUrl: string): Promise<Reply> {
  for (;;) {
    const result = await fetch(`${statusUrl}/result`)
    if (result.status !== 404) return result
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
