/**
 * What a handler answers as JSON, by its type alone: for a Hono handler what `c.json()` was given, but for answers of 400 and above, which
 * fail the job; for an Express handler that names it what its `Response<Body>` takes. `unknown` where the type does not say.
 */
export type ResultOf<Handler> = Handler extends (first: never, second: infer Second, ...rest: never) => infer Returned
  ? DataOf<Success<Awaited<Returned>>, BodyOf<Second>>
  : unknown

/** Hono's typed responses say what they hold, and with which status. */
type Success<Returned> = Returned extends { _status: infer Status extends number }
  ? `${Status}` extends `${4 | 5}${string}`
    ? never
    : Returned
  : Returned
type DataOf<Returned, Otherwise> = [Returned] extends [{ _data: infer Data }] ? Data : Otherwise
type BodyOf<Second> = Second extends { json: (body?: infer Body) => unknown } ? Body : unknown

/**
 * Results by operation, from the handlers of a server: export it there as a type, import it here as one, and no code comes along.
 *
 * `export type Operations = OperationsOf<{ report: typeof report }>`, then `submit<Operations['report']>('/reports', …)`.
 */
export type OperationsOf<Handlers> = { [Operation in keyof Handlers]: ResultOf<Handlers[Operation]> }
