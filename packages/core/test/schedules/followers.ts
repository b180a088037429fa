import { type Answer, type EventSink, type EventStream, isEvents, type JobStatus } from '../../src/index'
import { isTerminal } from '../../src/lifecycle'
import { idOf } from '../service'
import type { World } from './conditions'
import { largeBody } from './handler'
import type { Server } from './store'

/** Who follows jobs, by their events or by a response as it is written: reads slowly, and may leave in the middle. */
export function createFollowers({ roll, wrong }: World, { records }: Server) {
  const waiting = new Set<{ readonly isDead: () => boolean; readonly what: string }>()

  /** `take` gets what is sent, `ended` hears whether that was all of it. */
  const follow = (what: string, body: EventStream, isDead: () => boolean, take: (piece: Uint8Array) => void, ended: () => void) => {
    const one = { isDead, what }
    let hasLeft = false
    waiting.add(one)
    const over = (act: () => void) => () => {
      if (!waiting.delete(one) && !hasLeft) wrong.add(`${what} ended twice`)
      if (!hasLeft) act()
    }
    const sink: EventSink = {
      write(piece) {
        if (hasLeft || !waiting.has(one)) wrong.add(`${what} went on after the end`)
        take(piece)
        const hasRoom = roll(4) > 0
        if (!hasRoom) setTimeout(() => flow.ready(), roll(2_000))
        return hasRoom
      },
      end: over(ended),
      fail: over(() => {}),
    }
    const flow = body.open(sink)
    if (roll(4) === 0)
      setTimeout(() => {
        hasLeft = true
        waiting.delete(one)
        flow.close()
      }, roll(10_000))
  }

  return {
    /** Opens what the answer to `GET …/events` brings. `mayEnd`: whether the process sends its followers elsewhere. */
    events(answer: Answer, path: string, isDead: () => boolean, mayEnd: () => boolean) {
      if (!answer.body || !isEvents(answer.body)) return
      let last = 0
      let status: JobStatus = 'queued'
      const take = (piece: Uint8Array) => {
        const text = new TextDecoder().decode(piece)
        const [, id] = /^id: (\d+)$/m.exec(text) ?? []
        if (id === undefined) return
        const document = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '')
        if (Number(id) <= last) wrong.add('an event came twice, or out of order')
        if (isTerminal(document.status) && records.get(idOf(path))?.status !== document.status) wrong.add('an event told of another end')
        last = Number(id)
        status = document.status
      }
      const ended = () => {
        const isGone = records.get(idOf(path))?.goneAt !== undefined
        if (!isTerminal(status) && !isGone && !mayEnd()) wrong.add('events ended before the job')
      }
      follow('a stream of events', answer.body, isDead, take, ended)
    },
    /** Opens what the answer to `GET …/stream` brings. */
    stream({ body, headers, status }: Answer, path: string, isDead: () => boolean) {
      const [, attempt] = /^"attempt-(\d+)"$/.exec(String(headers.etag)) ?? []
      if (!body || !isEvents(body) || status !== 200 || attempt === undefined) return
      const pieces: Uint8Array[] = []
      const ended = () => {
        const bytes = Buffer.concat(pieces)
        if (!largeBody(Number(attempt), bytes.length).equals(bytes)) wrong.add('a response was read that was not written')
        const job = records.get(idOf(path))
        if (job?.response && job.attempt === Number(attempt) && bytes.length !== job.response.size) wrong.add('a response was read in part')
      }
      follow('a response', body, isDead, (piece) => pieces.push(piece.slice()), ended)
    },
    /** Looks at who still waits, when nothing is to be waited for. */
    check() {
      for (const { isDead, what } of waiting) if (!isDead()) wrong.add(`${what} never ended`)
    },
  }
}
