import type { Execute, JobHandle, Jobs, OperationOptions, Owner } from '@respond-async/core'
import { asyncScope, bodyFor, unwrappedHandle } from '@respond-async/core/fetch'
import { checkJobs, operationOf } from '@respond-async/core/store'
import { type Context, type Env, type Handler, Hono, type Input, type MiddlewareHandler, type TypedResponse } from 'hono'
import type { HandlerResponse } from 'hono/types'
import { writeAnswer } from './answer'
import { type AnyHandler, captureHandlers, runHandlers } from './capture'
import { detachedContext } from './detached-context'
import { placeOf } from './place'
import { HonoPlatform } from './platform'
import { replay } from './replay'
import { type Upgrade, upgrade } from './sockets'
import { HonoSubmission } from './submission'

export type { OpenSocket, SocketEvents, Upgrade } from './sockets'

declare module 'hono' {
  interface ContextVariableMap {
    /** The job of a handler that is wrapped by `respondAsync`. */
    job: JobHandle
  }
}

/** Options of {@link respondAsync}. */
export interface RespondAsyncOptions<C extends Context = Context> extends OperationOptions<C> {
  /** Name of the operation, unique among these jobs. */
  operation: string
}

type Validator<E extends Env, P extends string, I extends Input> = MiddlewareHandler<E, P, I, Response | TypedResponse>

/**
 * Wraps a handler: a request is answered 202 and the handler runs afterwards. A status URL shows its progress and its response. The
 * handler is unchanged; `c.get('job')` reports progress and has the signal that a cancel aborts.
 *
 * Validators may be given to the route before this, or here before the handler, which then has the types of what they validated. They
 * run before the 202; those given here run again if another process runs the handler.
 *
 * @param operation name of the operation, unique among these jobs, or options with that name
 * @throws {JobsError} `invalid_option`, `duplicate_operation`
 */
export function respondAsync<F extends Handler>(jobs: Jobs<Context>, operation: string | RespondAsyncOptions, handler: F): F
export function respondAsync<E extends Env, P extends string, I extends Input, R extends HandlerResponse<unknown>>(
  jobs: Jobs<Context<E>>,
  operation: string | RespondAsyncOptions<Context<E>>,
  validator: Validator<NoInfer<E>, P, I>,
  handler: Handler<E, P, I, R>,
): Handler<E, P, I, R>
export function respondAsync<E extends Env, P extends string, I extends Input, I2 extends Input, R extends HandlerResponse<unknown>>(
  jobs: Jobs<Context<E>>,
  operation: string | RespondAsyncOptions<Context<E>>,
  validator: Validator<NoInfer<E>, P, I>,
  second: Validator<NoInfer<E>, P, I2>,
  handler: Handler<E, P, I & I2, R>,
): Handler<E, P, I & I2, R>
export function respondAsync<
  E extends Env,
  P extends string,
  I extends Input,
  I2 extends Input,
  I3 extends Input,
  R extends HandlerResponse<unknown>,
>(
  jobs: Jobs<Context<E>>,
  operation: string | RespondAsyncOptions<Context<E>>,
  validator: Validator<NoInfer<E>, P, I>,
  second: Validator<NoInfer<E>, P, I2>,
  third: Validator<NoInfer<E>, P, I3>,
  handler: Handler<E, P, I & I2 & I3, R>,
): Handler<E, P, I & I2 & I3, R>
export function respondAsync(jobs: Jobs<Context>, operation: string | RespondAsyncOptions, ...handlers: AnyHandler[]): Handler {
  const { operation: name, ...options } = operationOf(jobs, operation)
  const before = handlers.slice(0, -1)
  const last = handlers.slice(-1)
  const scope = asyncScope()
  const execute: Execute = (execution) => {
    const live = execution.live as HonoSubmission | undefined // passed to `accept` below
    if (!live) return scope(() => replay(execution, handlers))
    live.body = bodyFor(live.body, execution.requestBody)
    return captureHandlers(detachedContext(live, execution.handle), last, execution)
  }
  jobs.define(name, options, execute, handlers)
  const accept: MiddlewareHandler = async (c, next) => {
    const answer = await jobs.accept(name, new HonoSubmission(c), new HonoPlatform(c))
    if (answer) return writeAnswer(c, answer)
    c.set('job', unwrappedHandle(name, c.req.raw))
    return runHandlers(c, last, next)
  }
  return before[0] ? (c, next) => runHandlers(c, [...before, accept], next) : accept
}

/** Options of {@link jobRoutes}. */
export interface JobRoutesOptions<C extends Context = Context> {
  /** Returns whose request it is, and so whose jobs it may see. @default the `owner` of `createJobs` */
  owner?: Owner<C> | undefined
  /**
   * Opens WebSockets at the events URL of jobs: the function of that name from `@hono/node-server`, `hono/bun`, `hono/deno` or
   * `hono/cloudflare-workers`. @default none: a client that asks for a WebSocket gets server-sent events
   */
  upgradeWebSocket?: Upgrade | undefined
}

/** Makes the job routes: status, result, cancel, list. To be mounted with `app.route('/jobs', jobRoutes(jobs))`, also in a sub-app. */
export function jobRoutes<E extends Env = Env>(
  jobs: Jobs<Context<E>>,
  { owner, upgradeWebSocket, ...others }: JobRoutesOptions<Context<E>> = {},
): Hono<E> {
  checkJobs('jobRoutes', jobs, others)
  return new Hono<E>().all('*', async (c, next) => {
    // Case-sensitive, because `upgradeWebSocket` of two runtimes is.
    const upgrades = upgradeWebSocket && c.req.header('upgrade') === 'websocket'
    const match = { native: c, owner, platform: new HonoPlatform(c), upgrades, ...placeOf(c) }
    const answer = await jobs.route(c.req.raw, match)
    if (!answer) return next()
    if (answer.messages && upgradeWebSocket) return upgrade(c, answer.messages, upgradeWebSocket)
    return answer.held instanceof Response ? answer.held : writeAnswer(c, answer)
  })
}
