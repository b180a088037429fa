import type { JobEvent } from '@respond-async/core'
import type { JobFacts, ReadJob, SentBody, WrittenJob } from './object-protocol'

/** Size of the parts of a body, in bytes: a value may have 2 MB, including its key and serialization. */
const ROW_BYTES = 1_048_576

type Kind = 'requestBody' | 'responseBody'
const KINDS: readonly Kind[] = ['requestBody', 'responseBody']

/** The value under `job`. Bodies are stored in keys of their own, so that polls do not load them. */
export interface KeptJob extends JobFacts {
  readonly head: string
  readonly requestBody?: KeptBody
  readonly responseBody?: KeptBody
  /** Numbers of the first event kept and of the next one to come. Each has a key of its own: together they might not fit into a value. */
  readonly history?: readonly [first: number, next: number]
}
interface KeptBody {
  readonly isText: boolean
  readonly rows: number
}

/** The record of the object's job, in its SQLite database. Synchronous: writes without an `await` between them are one commit. */
export function jobRecord(storage: DurableObjectStorage) {
  const { kv } = storage
  let kept: KeptJob | undefined
  let loaded = false

  const load = (): KeptJob | undefined => {
    if (!loaded) kept = kv.get<KeptJob>('job')
    loaded = true
    return kept
  }

  const writeBody = (kind: Kind, body: SentBody | null | undefined): KeptBody | undefined => {
    const before = kept?.[kind]
    if (body === undefined) return before
    const rows = body ? Math.ceil(body.bytes.length / ROW_BYTES) : 0
    for (let row = 0; body && row < rows; row++) kv.put(`${kind}/${row}`, body.bytes.slice(row * ROW_BYTES, (row + 1) * ROW_BYTES))
    for (let row = rows; row < (before?.rows ?? 0); row++) kv.delete(`${kind}/${row}`)
    return body ? { isText: body.isText, rows } : undefined
  }

  const valuesOf = <T>(name: string, first: number, next: number): T[] =>
    Array.from({ length: next - first }, (_, at) => kv.get<T>(`${name}/${first + at}`) as T)

  const readBody = (kind: Kind): SentBody | null => {
    const body = load()?.[kind]
    if (!body) return null
    const { isText, rows } = body
    const parts = valuesOf<Uint8Array>(kind, 0, rows)
    if (parts.length === 1) return { isText, bytes: parts[0] as Uint8Array }
    const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
    let at = 0
    for (const part of parts) {
      bytes.set(part, at)
      at += part.length
    }
    return { isText, bytes }
  }

  return {
    load,
    /** To be called after {@link load}. */
    write({ events, maxEvents, isGone, ...rest }: WrittenJob): void {
      const [requestBody, responseBody] = KINDS.map((kind) => writeBody(kind, rest[kind]))
      let [first, next] = kept?.history ?? [0, 0]
      for (const event of events) kv.put(`event/${next++}`, event)
      for (; next - first > maxEvents; first++) kv.delete(`event/${first}`)
      kept = { ...rest, requestBody, responseBody, history: [first, next] }
      kv.put('job', kept)
    },
    read: (full: boolean): ReadJob | null => {
      const job = load()
      if (!job) return null
      return full ? { head: job.head, requestBody: readBody('requestBody'), responseBody: readBody('responseBody') } : { head: job.head }
    },
    events: (): JobEvent[] => valuesOf('event', ...(load()?.history ?? [0, 0])),
    forget() {
      kept = undefined
    },
  }
}
