import type { IncomingMessage } from 'node:http'
import type { Answer } from '@respond-async/core'
import type { Fault } from './reference'

type Fields = Record<string, string | readonly string[]>

/** The answer with its header changed. Names are as core spells them, in lower case where the handler set them. */
export function header(answer: Answer, change: (fields: Fields) => void): Answer {
  const headers: Fields = { ...answer.headers }
  change(headers)
  return { ...answer, headers }
}

export const without = (answer: Answer, ...names: string[]) =>
  header(answer, (fields) => {
    for (const name of Object.keys(fields)) if (names.includes(name.toLowerCase())) delete fields[name]
  })

export const withField = (answer: Answer, name: string, value: string) =>
  header(without(answer, name.toLowerCase()), (fields) => Object.assign(fields, { [name]: value }))

export type Members = Record<string, unknown>

/** The answer with its JSON body changed, where the body has this in it. */
export function json(answer: Answer, has: string, change: (members: Members) => Members): Answer {
  if (typeof answer.body !== 'string' || !answer.body.startsWith('{') || !answer.body.includes(has)) return answer
  return { ...answer, body: JSON.stringify(change(JSON.parse(answer.body))) }
}
export const document = (answer: Answer, change: (members: Members) => Members) => json(answer, '"lastUpdatedAt"', change)

export function drop(request: IncomingMessage, name: string): void {
  delete request.headers[name]
}

export interface FaultCase {
  readonly make: () => Fault
  /** Ids of the audits that fail: these and no others. */
  readonly fails: string
  /** Run these only, because a fault like this one reaches far. @default all */
  readonly among?: RegExp
}

/** Servers with one fault each, as servers out there have them. */
export const FAULTS: Readonly<Record<string, FaultCase>> = {
  'Retry-After as a date': {
    make: () => ({
      answer: (answer) => (answer.headers['Retry-After'] ? withField(answer, 'Retry-After', new Date().toUTCString()) : answer),
    }),
    fails: 'ACC3 ACC16 ACC17 ACC18 DOC10 POL2 POL4 POL13 POL18 POL19 RES3 LIV2',
  },
  'Retry-After of 0': {
    make: () => ({ answer: (answer) => (answer.headers['Retry-After'] ? withField(answer, 'Retry-After', '0') : answer) }),
    among: /^(?:ACC|DOC|POL|RES)/,
    fails: 'ACC3 ACC16 ACC17 ACC18 DOC10 POL2 POL4 POL13 POL18 POL19 RES3',
  },
  '200 while pending': {
    make: () => ({ answer: (answer, { method }) => (method === 'GET' && answer.status === 202 ? { ...answer, status: 200 } : answer) }),
    among: /^(?!POL17$)/, // which asks until a cancellation is through: it sees this fault only where that takes a while
    fails: 'POL1 POL14 POL15 LNG3 LNG4 PAG1 PAG2 MET1',
  },
  '404 without no-store': {
    make: () => ({ answer: (answer) => (answer.status === 404 ? without(answer, 'cache-control') : answer) }),
    fails: 'RES3 PRB4',
  },
  'a cacheable 410': {
    make: () => ({ answer: (answer) => (answer.status === 410 ? withField(answer, 'Cache-Control', 'max-age=60') : answer) }),
    fails: 'PRG3 PRG5',
  },
  'application/json with an empty body': {
    make: () => ({ answer: (answer) => (answer.body === null ? withField(answer, 'Content-Type', 'application/json') : answer) }),
    fails: 'PRF8 POL4 POL20 CAP3 PRG1 MET2 MET3',
  },
  'a 304 without ETag': {
    make: () => ({ answer: (answer) => (answer.status === 304 ? without(answer, 'etag') : answer) }),
    fails: 'POL4',
  },
  '403 for another owner’s job': {
    make: () => {
      const made = new Set<string>()
      return {
        answer(answer, { url = '' }) {
          if (answer.status === 202) made.add(String(answer.headers.Location))
          const known = made.has(url.split('/').slice(0, 3).join('/'))
          return known && String(answer.body).includes('job-not-found') ? { ...answer, status: 403 } : answer
        },
      }
    },
    fails: 'PRG4 PRB3',
  },
  'links made from Host': {
    make: () => ({
      answer(answer, { headers: { host } }) {
        const { Location: location } = answer.headers
        return typeof location === 'string' && location.startsWith('/')
          ? withField(answer, 'Location', `http://${host}${location}`)
          : answer
      },
    }),
    fails: 'ACC2 ACC4 ACC7 ACC9 POL2 PAG6 LST1 LST3 INP4',
  },
  'HEAD with another header than GET': {
    make: () => ({ answer: (answer, { method }) => (method === 'HEAD' ? without(answer, 'etag', 'cache-control') : answer) }),
    fails: 'LIV3 LIV6 MET1 MET2 MET3',
  },
  'progress that falls': {
    make: () => {
      let falling = 100
      return {
        answer: (answer) =>
          document(answer, (members) => {
            falling *= 0.99
            return 'percentComplete' in members ? { ...members, percentComplete: falling } : members
          }),
      }
    },
    fails: 'DOC6',
  },
  'null for absent members': {
    make: () => ({
      answer: (answer, { method }) => (method === 'HEAD' ? answer : document(answer, (members) => ({ message: null, ...members }))),
    }),
    fails: 'DOC4 MET1',
  },
  'times without milliseconds': {
    make: () => ({
      answer: (answer) =>
        document(answer, (members) =>
          JSON.parse(
            JSON.stringify(members)
              .replace(/\.\d{3}Z"/g, '.00Z"')
              .replace(/\.00Z/g, '.00+Z'),
          ),
        ),
    }),
    among: /^DOC/,
    fails: 'DOC3 DOC8 DOC17',
  },
  'cancelled for canceled': {
    make: () => ({
      answer: (answer) => document(answer, (members) => (members.status === 'canceled' ? { ...members, status: 'cancelled' } : members)),
    }),
    among: /^(?:DOC|POL|CAN)/,
    fails: 'DOC1 DOC3 DOC4 DOC5 DOC7 DOC16 DOC17 POL7 POL11 POL20 CAN1 CAN2 CAN3 CAN4 CAN7',
  },
  'an error without code and message': {
    make: () => ({
      answer: (answer) =>
        document(answer, ({ error, ...members }) => {
          const { code: _, message: __, ...rest } = Object(error) as Members
          return error ? { ...members, error: rest } : members
        }),
    }),
    among: /^DOC/,
    fails: 'DOC13 DOC14 DOC15 DOC18 DOC19 DOC20',
  },
  'Prefer compared with ==': {
    make: () => ({
      request(request) {
        if (!/^(?:respond-async|return=minimal|wait=\d+)$/.test(request.headers.prefer?.toString() ?? '')) drop(request, 'prefer')
      },
    }),
    fails: 'PRF3 PRF4 PRF5 PRF7 PRF11 PRF12 LNG5',
  },
  'one Set-Cookie of several': {
    make: () => ({
      answer: (answer) =>
        header(answer, (fields) => {
          if (Array.isArray(fields['set-cookie'])) fields['set-cookie'] = fields['set-cookie'].slice(-1)
        }),
    }),
    among: /^CAP/,
    fails: 'CAP4',
  },
  'a bare 202': {
    make: () => ({
      answer: (answer, { method }) =>
        method === 'POST' && answer.status === 202
          ? { status: 202, headers: { Location: answer.headers.Location ?? '' }, body: null }
          : answer,
    }),
    fails:
      'ACC2 ACC3 ACC4 ACC5 ACC6 ACC7 ACC9 ACC10 PRF2 PRF4 PRF5 PRF7 PRF8 PRF10 PRF12 IDM1 IDM2 IDM7 DOC2 POL19 POL20 CAN3 CAN8 LST5 COR1 COR2 COR4',
  },
}
