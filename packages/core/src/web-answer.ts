import { type Answer, type BodyStream, type EventFlow, type EventStream, type HeaderFields, isEvents, isStream } from '@respond-async/core'

/** Body type of `Response`, whichever library declares it. */
export type Content = NonNullable<ConstructorParameters<typeof Response>[0]>

/** Whether the status is one that never has a body (RFC 9110 15.3.5, 15.3.6, 15.4.5): `Response` throws for one. */
export const isBodiless = (status: number): boolean => [204, 205, 304].includes(status)

/** The body for `Response`; `null` where there is none. */
export function contentOf({ status, body }: Answer): Content | null {
  if (isBodiless(status)) return null
  if (isEvents(body)) return eventStream(body)
  return isStream(body) ? sizedStream(body) : (body as Content | null) // bodies are never in shared memory
}

/** The header fields to send with {@link contentOf}, with `Content-Length` for a stream, whose size the server cannot know. */
export const fieldsFor = ({ headers, body }: Answer): HeaderFields =>
  isStream(body) ? { ...headers, 'Content-Length': `${body.size}` } : headers

/** An answer as a Web `Response`. Header fields stay a plain record if none is a list: servers write that without building `Headers`. */
export function toResponse(answer: Answer): Response {
  const fields = fieldsFor(answer)
  const headers = Object.values(fields).some(Array.isArray) ? headersOf(fields) : (fields as Record<string, string>)
  return new Response(contentOf(answer), { status: answer.status, headers })
}

/** Header fields, some of which may be lists, as `Headers`. */
export function headersOf(fields: HeaderFields): Headers {
  const headers = new Headers()
  for (const name in fields) for (const value of [fields[name] as string].flat()) headers.append(name, value)
  return headers
}

/**
 * Events as a Web stream, with back-pressure.
 *
 * A stream calls `pull` after every piece, which costs a promise each time. So `pull` stays pending while there is room, and resolves
 * when the stream is full; it is then called again only when there is room.
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
            const hasRoom = (controller.desiredSize as number) > 0 // null, of a stream that has failed, is not
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
        flow?.ready() // this may fill the stream at once
        return full
      },
      cancel: () => flow?.close(),
    },
    { highWaterMark: 4 },
  )
}

/**
 * A body in pieces as a Web stream that reads each piece on demand. On Workers it is a `FixedLengthStream`: a response has a length only
 * if its stream has one, and R2 takes no body without one.
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
