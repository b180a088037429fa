/**
 * Type of the JSON that a handler answers with. For a Hono handler it is that of `c.json()`, without answers of 400 and above, which fail
 * the job; for an Express handler the `Body` of its `Response<Body>`. `unknown` if the handler's type does not tell.
 */
export type ResultOf<Handler> = Handler extends (first: never, second: infer Second, ...rest: never) => infer Returned
  ? DataOf<Success<Awaited<Returned>>, BodyOf<Second>>
  : unknown

/** Typed responses of Hono have the type of their data and their status. */
type Success<Returned> = Returned extends { _status: infer Status extends number }
  ? `${Status}` extends `${4 | 5}${string}`
    ? never
    : Returned
  : Returned
type DataOf<Returned, Otherwise> = [Returned] extends [{ _data: infer Data }] ? Data : Otherwise
type BodyOf<Second> = Second extends { json: (body?: infer Body) => unknown } ? Body : unknown

/**
 * Result types by operation, from the handlers of a server. Exported there and imported in the client as a type, it brings no code along.
 *
 * `export type Operations = OperationsOf<{ report: typeof report }>`, then `submit<Operations['report']>('/reports', …)`.
 */
export type OperationsOf<Handlers> = { [Operation in keyof Handlers]: ResultOf<Handlers[Operation]> }
