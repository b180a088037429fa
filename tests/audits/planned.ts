import type { PlannedResponse } from '@respond-async/http-audits/target'

/** A response of just these fields: no media type that nobody has planned. */
export function planned({ status, headers, body, pieces }: PlannedResponse): Response {
  // Bytes made here are in no shared memory.
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  return new Response(pieces ? streamOf(pieces) : (bytes as BodyInit | null), {
    status,
    headers: headers.map(([name, value]) => [name, value] as [string, string]),
  })
}

function streamOf(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const all = pieces[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await all.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })
}
