/** Argument type of ioredis commands. */
type Argument = string | number | Uint8Array

/** `Redis` and `Cluster` of ioredis. */
export interface IoredisClient {
  call(command: string, ...args: Argument[]): Promise<unknown>
  callBuffer(command: string, ...args: Argument[]): Promise<unknown>
  mgetBuffer(...keys: string[]): Promise<unknown>
  /** Exists, though not in the types of ioredis. Preferred, because `callBuffer` loses its first argument in automatic pipelines. */
  evalshaBuffer?(sha: string, ...args: Argument[]): Promise<unknown>
  evalBuffer?(script: string, ...args: Argument[]): Promise<unknown>
  readonly isCluster?: boolean
  duplicate?(first?: object, second?: object): IoredisSubscriber
}
interface IoredisSubscriber {
  on(event: string, listener: (...args: string[]) => void): unknown
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  ping(): Promise<unknown>
  disconnect(): void
}

/** A client made by `createClient`, `createClientPool` or `createCluster` of node-redis 5 or later. */
export interface NodeRedisClient {
  evalSha(sha: string, options: ScriptArguments): Promise<unknown>
  eval(script: string, options: ScriptArguments): Promise<unknown>
  get(key: string): Promise<unknown>
  mGet(keys: string[]): Promise<unknown>
  /** `36` is the string type of the protocol. */
  withTypeMapping(mapping: object): Omit<NodeRedisClient, 'withTypeMapping' | 'duplicate'>
  duplicate?(): NodeRedisSubscriber
}
interface ScriptArguments {
  keys: string[]
  /** Buffers too, which are left out so that these types do not depend on Node's. */
  arguments: string[]
}
interface NodeRedisSubscriber {
  connect(): Promise<unknown>
  on(event: string, listener: () => void): unknown
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  destroy(): unknown
}

/** `Redis` of `@upstash/redis`, or another client with these commands that returns replies parsed from JSON. */
export interface RestClient {
  evalsha(sha: string, keys: string[], args: string[]): Promise<unknown>
  eval(script: string, keys: string[], args: string[]): Promise<unknown>
  get(key: string): Promise<unknown>
  mget(...keys: string[]): Promise<unknown>
}

/** A client that can be duplicated for a connection that only subscribes. */
export type SubscribingClient =
  | (IoredisClient & Required<Pick<IoredisClient, 'duplicate'>>)
  | (NodeRedisClient & Required<Pick<NodeRedisClient, 'duplicate'>>)

/** A client of ioredis, node-redis or `@upstash/redis`, distinguished by their methods. */
export type RedisClient = IoredisClient | NodeRedisClient | RestClient
