import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { JobStore } from '@respond-async/core'
import type { OpenedStore } from '@respond-async/store-testkit'
import { Redis as Upstash } from '@upstash/redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { type RedisClient, type RedisStoreOptions, redisStore } from '../src'

/** A client of its own connection, and how to end that. */
export interface Connected {
  readonly client: RedisClient
  end(): Promise<void>
}

export async function ioredis(url: string): Promise<Connected> {
  const client = new Redis(url, { maxRetriesPerRequest: 1 })
  return { client, end: async () => client.disconnect() }
}

export async function nodeRedis(url: string): Promise<Connected> {
  const client = createClient({ url })
  client.on('error', () => {})
  await client.connect()
  return { client, end: async () => client.destroy() }
}

export async function upstash(url: string): Promise<Connected> {
  return { client: new Upstash({ url, token: 'secret', enableTelemetry: false }), end: async () => {} }
}

/** A new prefix for each case, so that no case sees what another left: two stores, each on a connection of its own. */
export const opener = (
  connect: () => Promise<Connected>,
  options: Omit<RedisStoreOptions, 'client' | 'prefix'>,
  forget: (prefix: string) => Promise<void>,
) => {
  return async (): Promise<OpenedStore> => {
    const prefix = `test:${randomUUID()}`
    const [one, two] = await Promise.all([connect(), connect()])
    const a = redisStore({ ...options, client: one.client, prefix })
    const b = redisStore({ ...options, client: two.client, prefix })
    return {
      a,
      b,
      async dispose() {
        for (const store of [a, b] satisfies JobStore[]) await store.close?.()
        await forget(prefix)
        await Promise.all([one.end(), two.end()])
      },
    }
  }
}

/** Deletes the keys of a store, also where the client puts a prefix of its own before them. */
export async function deleteKeys(redis: Redis, prefix: string): Promise<void> {
  for await (const keys of redis.scanStream({ match: `*{${prefix}}*`, count: 1_000 }) as AsyncIterable<string[]>)
    if (keys.length > 0) await redis.unlink(...keys)
}

/** Speaks the REST protocol of Upstash in front of a real Redis: a command as a JSON array in, `{ result }` or `{ error }` out. */
export async function startRest(url: string): Promise<{ url: string; stop(): Promise<void> }> {
  const redis = new Redis(url)
  const server = createServer(async (request, response) => {
    const inBase64 = request.headers['upstash-encoding'] === 'base64'
    const encode = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(encode)
      if (!Buffer.isBuffer(value)) return value
      return inBase64 ? value.toString('base64') : value.toString()
    }
    const run = async (command: (string | number)[]) => {
      const [name, ...args] = command
      try {
        return { result: encode(await redis.callBuffer(`${name}`, ...args.map(String))) }
      } catch (error) {
        return { error: error instanceof Error ? error.message : String(error) }
      }
    }
    const body = JSON.parse(await textOf(request))
    const answer = request.url === '/pipeline' ? await Promise.all(body.map(run)) : await run(body)
    response.writeHead('error' in answer ? 400 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on a port
    async stop() {
      redis.disconnect()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
