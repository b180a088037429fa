/** What the bare contenders answer: the same bytes as the others, without any job behind them. */
import { makeReport } from './report.ts'

const UNFINISHED = '4d9e1bb5-8a1c-4d0b-9b0e-0a3d3c1f6e01'
const FINISHED = '9b2f8c3a-52d7-4c55-a6f4-7e1d0c9b8a02'
const AT = '2026-11-22T10:00:00.000Z'
const GONE_AT = 'Mon, 23 Nov 2026 10:00:00 GMT'

const accepted = (id: string, operation: string) => ({
  headers: {
    Location: `/jobs/${id}`,
    'Content-Location': `/jobs/${id}`,
    'Retry-After': '1',
    Link: `</jobs/${id}>; rel="monitor"`,
    'Cache-Control': 'no-store',
    Vary: 'Prefer',
  },
  body: {
    ...{ id, operation, status: 'queued', createdAt: AT, lastUpdatedAt: AT, retryAfterMs: 1000 },
    links: { self: `/jobs/${id}`, events: `/jobs/${id}/events`, cancel: `/jobs/${id}/cancel` },
  },
})

/** Answer to a report, which will be found finished, and to work that stays unfinished. */
export const REPORT = accepted(FINISHED, 'report')
export const HOLD = accepted(UNFINISHED, 'hold')

export const RESULT = {
  headers: { 'Cache-Control': 'private', Sunset: GONE_AT, 'Accept-Ranges': 'bytes' },
  body: makeReport({ month: '2026-10', rows: 1200, takesMs: 0 }),
}

const PENDING = {
  status: 202,
  etag: 'W/"1"',
  headers: {
    'Content-Location': `/jobs/${UNFINISHED}`,
    ETag: 'W/"1"',
    'Cache-Control': 'private, no-cache',
    Vary: 'Prefer, Accept',
    Location: `/jobs/${UNFINISHED}`,
    'Retry-After': '1',
  },
  body: { ...HOLD.body, status: 'running', startedAt: AT },
}
const DONE = {
  status: 200,
  etag: 'W/"3"',
  headers: {
    'Content-Location': `/jobs/${FINISHED}`,
    ETag: 'W/"3"',
    'Cache-Control': 'private, no-cache',
    Vary: 'Prefer, Accept',
    Sunset: GONE_AT,
  },
  body: {
    ...{ id: FINISHED, operation: 'report', status: 'succeeded' },
    ...{ createdAt: AT, lastUpdatedAt: AT, startedAt: AT, finishedAt: AT, expiresAt: '2026-11-23T10:00:00.000Z' },
    resourceLocation: `/jobs/${FINISHED}/result`,
    links: { self: `/jobs/${FINISHED}`, result: `/jobs/${FINISHED}/result` },
    result: RESULT.body,
  },
} satisfies typeof PENDING | object

export const statusOf = (id: string | undefined) => (id === UNFINISHED ? PENDING : DONE)
