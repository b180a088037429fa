import { type Answer, type BodyStream, type EventFlow, type EventStream, type HeaderFields, isEvents, isStream } from '@respond-async/core'

/** What `Response` takes for a body, by whichever library of types declares it. */
export type Content = NonNullable<ConstructorParameters<typeof Response>[0]>

/** The body as `Response` takes it, which refuses one where the status never has one (RFC 9110 15.3.5, 15.3.6, 15.4.5). */
export function contentOf({ status, body }: Answer): Content | null {
  if (body === null || [204, 205, 304].includes(status)) return null
  if (isEvents(body)) return eventStream(body)
  return isStream(body) ? sizedStream(body) : (body as Content) // bytes of core are never in shared memory
}

/** The fields to send with {@link contentOf}: a body in pieces is told its length, which a server cannot see in it. */
export const fieldsFor = ({ headers, body }: Answer): HeaderFields =>
  isStream(body) ? { ...headers, 'Content-Length': `${body.size}` } : headers

/** An answer as a Web response. Fields stay a plain record where none is a list: servers write that without building `Headers`. */
export function toResponse(answer: Answer): Response {
  const fields = fieldsFor(answer)
  const headers = Object.values(fields).some(Array.isArray) ? headersOf(fields) : (fields as Record<string, string>)
  return new Response(contentOf(answer), { status: answer.status, headers })
}

/** Fields of which some may be lists. */
export function headersOf(fields: HeaderFields): Headers {
  const headers = new Headers()
  for (const name in fields) for (const value of [fields[name] as string].flat()) headers.append(name, value)
  return headers
}

/**
 * Events as a stream; one that nobody reads for a while takes no more of them.
 *
 * A stream asks for more after every piece, which costs a promise each time. It is left waiting for as long as there is room: then it
 * asks when there is room again, and not before.
 */
function eventStream(events: EventStream): ReadableStream<Uint8Array> {
  let flow: EventFlow | undefined
  let filled = () => {}
  return new ReadableStream(
    {
      start(controller) {
        flow = events.open({
          write(piece) {
            controller.enqueue(piece)
            const hasRoom = (controller.desiredSize ?? 0) > 0
            if (!hasRoom) filled()
            return hasRoom
          },
          end: () => controller.close(),
          fail: (error) => controller.error(error),
        })
      },
      pull() {
        const full = new Promise<void>((resolve) => {
          filled = resolve
        })
        flow?.ready() // which may fill it at once
        return full
      },
      cancel: () => flow?.close(),
    },
    { highWaterMark: 4 },
  )
}

/**
 * A body in pieces as a stream that reads the next one when it is asked for it. On Workers a response has a length only where its
 * stream has one, and R2 takes no body without one.
 */
export function sizedStream(body: BodyStream): ReadableStream<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]()
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await pieces.return?.()
      },
    },
    { highWaterMark: 0 },
  )
  const { FixedLengthStream: Fixed } = globalThis as { FixedLengthStream?: new (size: number) => TransformStream<Uint8Array, Uint8Array> }
  return Fixed ? stream.pipeThrough(new Fixed(body.size)) : stream
}
