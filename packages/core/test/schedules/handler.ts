import { bytesOf, type CapturedResponse, type Execution, isStream } from '../../src/index'
import { ok } from '../service'
import { NEVER, type Step, sleep, type World } from './conditions'
import type { Server } from './store'

/** What a request asks of the handler; one with a large body brings as many bytes as it asks for. */
export const requestOf = ({ plan, ms, size }: Step) =>
  JSON.stringify({ plan, ms, size, filling: plan === 'large' ? 'x'.repeat(size) : undefined })

/** What the response of a large body has in it: another for each attempt. */
export const largeBody = (attempt: number, size: number) => Buffer.alloc(size, `${attempt} `)
const PIECE = 40_000

/** Does as it is told by the request, and notes what a handler should not see. `began`: attempts by job. */
export function createHandler({ wrong }: World, { records }: Server, began: Map<string, number[]>, hasStopped: () => boolean) {
  return async ({ handle, requestBody, sink }: Execution): Promise<CapturedResponse> => {
    const { id, attempt, signal } = handle
    const attempts = began.get(id) ?? []
    if (attempts.includes(attempt)) wrong.add('an attempt was run twice')
    began.set(id, [...attempts, attempt])
    if (hasStopped()) wrong.add('a handler began in a process that had stopped')
    signal.addEventListener('abort', () => {
      const job = records.get(id)
      const isLost = String(signal.reason).includes('another worker') && job?.status === 'running' && job.attempt === attempt
      if (isLost) wrong.add('an attempt was cut off for nothing')
    })
    const work = (pause: number) =>
      new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, pause)
        signal.addEventListener('abort', () => {
          clearTimeout(timer)
          reject(signal.reason)
        })
      })

    const { plan, ms, size } = JSON.parse(await textOf(requestBody)) as Step
    if (plan === 'hang') return NEVER
    if (plan === 'throw' || (plan === 'throw once' && attempt === 1)) throw new Error('no')
    if (plan === 'deaf') await sleep(ms)
    if (plan === 'work') await work(ms)
    for (let percent = 0; plan === 'report' && percent < 100; percent += 20) {
      void handle.progress(percent)
      await work(ms / 5)
    }
    if (sink && plan === 'large') return written(sink, attempt, size)
    if (sink && plan === 'stream') return written(sink, attempt, size, () => work(ms / 10))
    return { ...ok({ attempt }), status: plan === 'refuse' ? 400 : plan === 'fail' ? 500 : 200 }
  }
}

async function textOf(body: Execution['requestBody']): Promise<string> {
  if (!isStream(body)) return typeof body === 'string' ? body : new TextDecoder().decode(body ?? undefined)
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

/** A response that is written piece by piece, as adapters do it; one that takes its time is shown as it comes. */
async function written(
  sink: NonNullable<Execution['sink']>,
  attempt: number,
  size: number,
  pause?: () => Promise<void>,
): Promise<CapturedResponse> {
  const head = { status: 200, headers: { 'content-type': 'text/plain' } }
  const gathered: Uint8Array[] = []
  let { after } = sink
  if (pause)
    sink.begin?.(
      () => head,
      () => {
        after = -1
        return gathered.splice(0)
      },
    )
  const all = largeBody(attempt, size)
  for (let at = 0; at < size; at += PIECE) {
    gathered.push(all.subarray(at, at + PIECE))
    if (at + PIECE > after) for (let next = gathered.shift(); next; next = gathered.shift()) await sink.write(next)
    await pause?.()
  }
  return { ...head, body: gathered.length > 0 ? bytesOf(Buffer.concat(gathered)) : null }
}
