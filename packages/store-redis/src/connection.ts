import { JobsError } from '@respond-async/core'
import type { IoredisClient, NodeRedisClient, RedisClient, RestClient, SubscribingClient } from './clients'
import type { Carries } from './record'

export type Argument = string | Uint8Array
export type Reply = string | number | Uint8Array | null | Reply[]

/** Common interface over the three kinds of client. */
export interface Connection {
  readonly carries: Carries
  get(key: string): Promise<Reply>
  /** Strings in the reply may be bytes. */
  getMany(keys: string[]): Promise<Reply>
  /** Runs a script by its hash, or by its text if the server does not have it yet. */
  run(script: string, keys: string[], args: Argument[]): Promise<Reply>
  /** The same for a reply with bodies: its strings may be bytes. */
  runForBytes(script: string, keys: string[], args: Argument[]): Promise<Reply>
}

const can = (client: RedisClient, method: string) => method in client && typeof client[method as keyof RedisClient] === 'function'
export const isIoredis = (client: RedisClient): client is IoredisClient => can(client, 'callBuffer')
const isNodeRedis = (client: RedisClient): client is NodeRedisClient => can(client, 'withTypeMapping')
const isRest = (client: RedisClient): client is RestClient => can(client, 'evalsha')
/** Whether the client can be duplicated for a connection that only subscribes. */
export const canSubscribe = (client: RedisClient): client is SubscribingClient =>
  (isIoredis(client) || isNodeRedis(client)) && can(client, 'duplicate')

/** @throws {JobsError} `invalid_option` if the client is none of the three kinds */
export function connectionOf(client: RedisClient): Connection {
  if (typeof client === 'object' && client !== null) {
    if (isIoredis(client)) return overIoredis(client)
    if (isNodeRedis(client)) return overNodeRedis(client)
    if (isRest(client)) return overRest(client)
  }
  throw new JobsError(
    'invalid_option',
    'redisStore needs a client of ioredis, node-redis 5 (or later) or @upstash/redis, redisStore({ client: new Redis(url) })',
  )
}

async function reply(answer: Promise<unknown>): Promise<Reply> {
  try {
    return (await answer) as Reply // as documented for the commands; the types of clients are wider
  } catch (error) {
    return understood(error)
  }
}
const isMissing = (error: unknown) => error instanceof Error && /\bNOSCRIPT\b/.test(error.message)

/** Runs a script by its hash, and by its text if the server does not have it. */
async function scripted(byHash: (sha: string) => Promise<unknown>, byText: () => Promise<unknown>, script: string): Promise<Reply> {
  const sha = hashes.get(script) ?? (await shaOf(script))
  try {
    return (await byHash(sha)) as Reply // as in `reply`
  } catch (error) {
    return isMissing(error) ? reply(byText()) : understood(error)
  }
}

function overIoredis(client: IoredisClient): Connection {
  const restOf = (keys: string[], args: Argument[]) => [`${keys.length}`, ...keys, ...args.map(bufferOf)]
  return {
    carries: 'bytes',
    get: (key) => reply(client.call('GET', key)),
    getMany: (keys) => reply(client.mgetBuffer(...keys)),
    run(script, keys, args) {
      const rest = restOf(keys, args)
      return scripted(
        (sha) => client.call('EVALSHA', sha, ...rest),
        () => client.call('EVAL', script, ...rest),
        script,
      )
    },
    runForBytes(script, keys, args) {
      const rest = restOf(keys, args)
      return scripted(
        (sha) => client.evalshaBuffer?.(sha, ...rest) ?? client.callBuffer('EVALSHA', sha, ...rest),
        () => client.evalBuffer?.(script, ...rest) ?? client.callBuffer('EVAL', script, ...rest),
        script,
      )
    },
  }
}

function overNodeRedis(client: NodeRedisClient): Connection {
  const forBytes = client.withTypeMapping({ 36: Buffer })
  const runner =
    (on: Pick<NodeRedisClient, 'eval' | 'evalSha'>) =>
    (script: string, keys: string[], args: Argument[]): Promise<Reply> => {
      const options = { keys, arguments: args.map(bufferOf) as string[] } // buffers too, see its type
      return scripted(
        (sha) => on.evalSha(sha, options),
        () => on.eval(script, options),
        script,
      )
    }
  return {
    carries: 'bytes',
    get: (key) => reply(client.get(key)),
    getMany: (keys) => reply(forBytes.mGet(keys)),
    run: runner(client),
    runForBytes: runner(forBytes),
  }
}

function overRest(client: RestClient): Connection {
  const run = (script: string, keys: string[], args: Argument[]) => {
    const texts = args.map(String) // `carries` is 'text': no bytes
    return scripted(
      (sha) => client.evalsha(sha, keys, texts),
      () => client.eval(script, keys, texts),
      script,
    )
  }
  return { carries: 'text', get: (key) => reply(client.get(key)), getMany: (keys) => reply(client.mget(...keys)), run, runForBytes: run }
}

/** Bytes as a `Buffer`, the only class that clients on Node recognize. */
const bufferOf = (arg: Argument) =>
  typeof arg === 'string' || Buffer.isBuffer(arg) ? arg : Buffer.from(arg.buffer, arg.byteOffset, arg.byteLength)

const hashes = new Map<string, string>()
async function shaOf(script: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(script))
  const sha = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
  hashes.set(script, sha)
  return sha
}

/** Throws the translation of an error that core distinguishes; all others mean that the store is unavailable, and are rethrown. */
function understood(cause: unknown): never {
  const message = cause instanceof Error ? cause.message : ''
  if (/\bOOM command not allowed\b/.test(message))
    throw new JobsError(
      'store_full',
      'Redis has reached its maxmemory and takes no more jobs: raise maxmemory, or keep results for a shorter time (resultTtlMs).',
      { cause },
    )
  const rubbish = /RUBBISH (\S+)/.exec(message)?.[1]
  if (rubbish) throw notAJob(rubbish, cause)
  if (/\bWRONGTYPE\b/.test(message))
    throw new Error('redisStore: a key under the prefix holds something that is not of this store: give the store its own prefix.', {
      cause,
    })
  throw cause
}

export const notAJob = (key: string, cause: unknown) =>
  new Error(`redisStore: the key ${key} holds something that is not a job: give the store its own prefix.`, { cause })

const decoder = new TextDecoder()
export const textOf = (reply: Reply | undefined): string =>
  typeof reply === 'string' ? reply : reply instanceof Uint8Array ? decoder.decode(reply) : String(reply)
