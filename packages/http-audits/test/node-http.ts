/** A minimal adapter of core to plain node:http: what an adapter has to do and nothing that it need not. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import {
  type Answer,
  type BodySink,
  type CapturedResponse,
  isEvents,
  isStream,
  JobsError,
  type ResponseHead,
  type Submission,
} from '@respond-async/core'
import { type AuditJob, echo, type PlannedResponse, runPlan } from '../src/target'

export type NodeSubmission = Submission<IncomingMessage> & { readonly read: () => Uint8Array<ArrayBuffer> }

export function submissionOf(native: IncomingMessage): NodeSubmission {
  let bytes = new Uint8Array()
  const fields = () => Object.fromEntries(Object.entries(native.headersDistinct).map(([name, values]) => [name, values ?? []]))
  return {
    native,
    method: native.method ?? 'GET',
    url: native.url ?? '/',
    headers: headersOf(native),
    headerFields: fields,
    context: () => undefined,
    read: () => bytes,
    async readBody(limit) {
      const chunks: Uint8Array[] = []
      let size = 0
      try {
        for await (const chunk of native as AsyncIterable<Uint8Array>) {
          size += chunk.length
          if (size > limit) throw new JobsError('body_too_large', 'too large')
          chunks.push(chunk)
        }
      } catch (cause) {
        throw cause instanceof JobsError ? cause : new JobsError('body_unreadable', 'broke off', { cause })
      }
      bytes = new Uint8Array(Buffer.concat(chunks))
      return size > 0 ? bytes : null
    },
  }
}

export const headersOf = (native: IncomingMessage) => ({
  get(name: string) {
    const value = native.headers[name]
    return value === undefined ? null : String(value)
  },
})

/** The wrapped handler: the target's plan, or its echo. */
export async function handle(route: string, submission: NodeSubmission, job: AuditJob | undefined): Promise<PlannedResponse> {
  const body = submission.read()
  if (route !== 'echo') return runPlan(body.length > 0 ? body : undefined, job)
  return echo({ query: submission.url.split('?')[1] ?? '', contentType: submission.headers.get('content-type'), body })
}

export async function captured(
  { status, headers, body, pieces }: PlannedResponse,
  limit: number,
  sink?: BodySink,
): Promise<CapturedResponse> {
  if ((body?.length ?? 0) > limit) throw new JobsError('result_too_large', `more than ${limit} bytes`)
  const fields: Record<string, string[]> = {}
  for (const [name, value] of headers) fields[name] = [...(fields[name] ?? []), value]
  const joined = Object.entries(fields).map(([name, values]) => [name, values.length > 1 ? values : (values[0] ?? '')])
  const head = { status, headers: Object.fromEntries(joined) }
  return { ...head, body: pieces ? await gathered(pieces, () => head, sink) : body }
}

/** A body that is written in pieces: `null` once the sink has wanted them. */
async function gathered(
  pieces: AsyncIterable<Uint8Array>,
  head: () => ResponseHead,
  sink: BodySink | undefined,
): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = []
  let isLive = false
  sink?.begin?.(head, () => {
    isLive = true
    return chunks.splice(0)
  })
  for await (const piece of pieces) {
    if (isLive) await sink?.write(piece)
    else chunks.push(piece)
  }
  return isLive ? null : Buffer.concat(chunks)
}

export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value as string | string[]])))
  if (body !== null && typeof body === 'object' && isStream(body))
    return void pipeline(Readable.from(body, { objectMode: false }), response, () => {})
  if (!isEvents(body)) return void response.end(body ?? undefined)
  const flow = body.open({ write: (piece) => response.write(piece), end: () => void response.end(), fail: () => void response.destroy() })
  response.on('drain', flow.ready)
  response.on('close', flow.close)
}
