import { type ReadBody, readBody } from './body'
import type { Problem } from './errors'
import { type Fields, fieldsOf, isFields, numberIn, textIn } from './json'
import { httpUrl, linkOf, monitorIn } from './links'
import { isOver, type JobStatus, type StatusDocument } from './status-document'
import { type OwnWords, statusOfWord } from './words'

/** What a response tells of a job. */
export interface Reading {
  readonly document: StatusDocument
  /** Set if the response is the result itself. */
  readonly response?: Response
}

/** Words for states, with the state that each stands for. */
export type Words = Readonly<Record<string, JobStatus>>

/** The response to a submission. */
export interface Submission {
  /** Its body has been read. */
  readonly response: Response
  /** The URL of the response. */
  readonly url: string
  readonly reading: Reading
  readonly isAccepted: boolean
  /** The status URL, if there is one. */
  readonly monitor: string | undefined
}

export async function readSubmission(response: Response, url: string, words: OwnWords): Promise<Submission> {
  const { json, response: whole } = await readBody(response)
  const status = statusIn(json, words)
  const monitor = monitorIn(response.headers, json, url)
  const isAccepted =
    response.status === 202 ||
    ['operation-location', 'azure-asyncoperation'].some((name) => response.headers.has(name)) ||
    // 200 and 201 with a pending document: Replicate, Zalando and others.
    (status !== undefined && !isOver({ status }) && monitor !== undefined)
  const reading: Reading = isAccepted
    ? finish({ json, response: whole }, status ?? 'queued', url)
    : { document: { status: 'succeeded', links: {}, raw: json }, response: whole }
  return { response, url, reading, isAccepted, monitor }
}

/** Reads a 2xx response of a status URL. The state in the body decides; without one, the status code. */
export async function readStatus(response: Response, url: string, words: OwnWords): Promise<Reading> {
  const body = await readBody(response)
  return finish(body, statusIn(body.json, words) ?? statusOfCode(body), url)
}

/** Reads a status document in an event; `undefined` if it is none. */
export function readEvent(text: string, url: string, words: OwnWords): Reading | undefined {
  try {
    const json: unknown = JSON.parse(text)
    const status = statusIn(json, words)
    return status && { document: documentOf(json, status, undefined, url) }
  } catch {
    return undefined
  }
}

function finish({ json, response }: ReadBody, status: JobStatus, url: string): Reading {
  const document = documentOf(json, status, response, url)
  const elsewhere = document.links.result !== undefined || document.result !== undefined
  return status === 'succeeded' && !elsewhere ? { document, response } : { document }
}

/**
 * `X-Export-Status` is the status code of the job where that of the response is only its own (FHIR). A 200 with `Retry-After` is pending, since
 * the server wants to be polled again, unless its body cannot be a status document: some servers send `Retry-After` with everything.
 */
function statusOfCode({ json, response: { status, headers, body } }: ReadBody): JobStatus {
  const code = Number.parseInt(headers.get('x-export-status') ?? '', 10) || status
  if (code >= 400) return 'failed'
  return code === 202 || (headers.has('retry-after') && (json !== undefined || !body)) ? 'running' : 'succeeded'
}

const WRAPPERS = ['job', 'task', 'data', 'operation', 'run', 'properties'] as const
const STATES = ['status', 'state', 'runtimeStatus', 'provisioningState', 'processing_status', 'job-status', 'jobStatus', 'job-state']

/** The body, and the objects in it that may have the state. */
const levelsOf = (json: unknown): Fields[] => {
  const body = fieldsOf(json)
  return [body, ...WRAPPERS.map((name) => fieldsOf(body[name]))]
}

function statusIn(json: unknown, words: OwnWords): JobStatus | undefined {
  for (const level of levelsOf(json)) {
    for (const name of STATES) {
      const value = level[name]
      const word = isFields(value) ? value.state : value
      const status = typeof word === 'string' && statusOfWord(word, words)
      if (status) return status
    }
    if (typeof level.done === 'boolean') return level.done ? (isFields(level.error) ? 'failed' : 'succeeded') : 'running'
  }
  return undefined
}

const TIMES = [
  ...['createdAt', 'lastUpdatedAt', 'scheduledAt', 'startedAt', 'finishedAt', 'expiresAt', 'estimatedFinishAt', 'cancelRequestedAt'],
] as const

function documentOf(json: unknown, status: JobStatus, response: Response | undefined, url: string): StatusDocument {
  const levels = levelsOf(json)
  const pick = <T>(read: (fields: Fields) => T | undefined): T | undefined => levels.map(read).find((found) => found !== undefined)
  const text = (...names: string[]) => pick((fields) => textIn(fields, ...names))
  const number = (name: string) => pick((fields) => numberIn(fields, name))
  const links = pick((fields) => (isFields(fields.links) ? fields.links : undefined)) ?? {}
  const resourceLocation = pick((fields) => httpUrl(textIn(fields, 'resourceLocation'), url))
  const result = status === 'succeeded' ? pick(resultIn) : undefined
  return {
    ...defined({
      id: text('id', 'jobId', 'taskId', 'instanceId'),
      operation: text('operation', 'name'),
      ...Object.fromEntries(TIMES.map((name) => [name, text(name)])),
      percentComplete: bounded(pick(percentIn) ?? percentOf(response?.headers.get('x-progress'))),
      message: text('message', 'statusMessage', 'summary') ?? response?.headers.get('x-progress') ?? undefined,
      attempt: number('attempt'),
      retryAfterMs: number('retryAfterMs'),
      result,
      resourceLocation,
      error: status === 'failed' || status === 'canceled' ? pick(errorIn) : undefined,
    }),
    status,
    links: defined({
      self: linkOf(levels, links, url, 'self'),
      result: status === 'succeeded' || status === 'failed' ? (linkOf(levels, links, url, 'result') ?? resourceLocation) : undefined,
      cancel: linkOf(levels, links, url, 'cancel'),
      events: linkOf(levels, links, url, 'events'),
      stream: status === 'running' ? linkOf(levels, links, url, 'stream') : undefined,
    }),
    raw: json,
  }
}

/** Without members that are undefined. */
const defined = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T

/** The result, if it is in the document. */
const resultIn = ({ result, output, response }: Fields): unknown => result ?? output ?? response ?? undefined

function percentIn(fields: Fields): number | undefined {
  const percent = numberIn(fields, 'percentComplete', 'percent-complete', 'percent_complete', 'percent')
  const progress = numberIn(fields, 'progress')
  const part = progress !== undefined && progress > 0 && progress < 1 ? 100 * progress : progress
  return percent ?? part
}

const percentOf = (text: string | null | undefined): number | undefined => {
  const [, number] = /(\d+(?:\.\d+)?) ?%/.exec(text ?? '') ?? []
  return number === undefined ? undefined : Number(number)
}

const bounded = (percent: number | undefined): number | undefined =>
  percent === undefined ? undefined : Math.min(100, Math.max(0, percent))

function errorIn({ error, failure }: Fields): Problem | undefined {
  const value = error ?? failure
  if (typeof value === 'string' && value !== '') return { detail: value }
  if (!isFields(value)) return undefined
  return { ...value, detail: textIn(value, 'detail', 'message') }
}
