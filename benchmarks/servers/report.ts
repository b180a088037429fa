/** What a client posts, and what the job makes of it: the same small work for every contender, so that only the way around it differs. */
export interface ReportRequest {
  readonly month: string
  readonly rows: number
  /** How long the work takes, in milliseconds; 0: it is done as soon as it begins. */
  readonly takesMs: number
}

/** About 200 bytes of JSON. */
export function makeReport({ month, rows }: ReportRequest) {
  return {
    month,
    rows,
    title: `Delayed flights in ${month}`,
    delayed: { count: Math.round(rows / 7), share: 0.142857, longestMinutes: 417 },
    url: `/files/delayed-flights-${month}.pdf`,
    pages: 12,
    complete: true,
  }
}

let built = 0
/** Reports made in this process. */
export const builtSoFar = () => built

/** The handler's work: a report, at once or after a while. */
export async function buildReport(request: ReportRequest) {
  if (request.takesMs > 0) await new Promise((resolve) => setTimeout(resolve, request.takesMs))
  built++
  return makeReport(request)
}

/** Work that ends only when it is told to: keeps a job unfinished while it is polled. */
export const untilAborted = (signal?: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
