import { type Job, type JobEvent, type JobStore, JobsError } from '@respond-async/core'
import { checkNoOthers, checkWhole, dueFrom, isLonger, placeOf, STATUSES } from '@respond-async/core/store'
import { CLAIM, INSERT, REMOVE, REMOVE_BLOBS, REPLACE, WRITE_BLOB } from './change-scripts'
import type { RedisClient } from './clients'
import { type Argument, canSubscribe, connectionOf, notAJob, type Reply, textOf } from './connection'
import { DUE, EVENTS, HOLDER, LIST, MEMORY, READ_BLOB } from './query-scripts'
import { changesOf, decodeBody, encodeBody, eventOf, foundJobOf, headOf, jobOf, lineOf, newHeadOf } from './record'
import { subscriptionsOver } from './subscriptions'

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** A client of ioredis (`Redis`, `Cluster`), of node-redis (connected), or a REST client with the methods of `@upstash/redis`. */
  client: RedisClient
  /**
   * Prefix of all keys, and the hash tag that keeps them in one slot of a Cluster. Stores with the same prefix share their jobs. 1 to 100
   * letters, digits and `_ . : / -`.
   * @default 'respond-async'
   */
  prefix?: string | undefined
  /** Events of history kept for each job, 0 to 1_000. 0: none, and the store has no `events`. @default 0 */
  maxEvents?: number | undefined
  /**
   * Whether changes of jobs are published, and received by processes that wait for them. The first wait in a process opens a further
   * connection. Must be the same in all processes. A REST client publishes, but cannot subscribe.
   * @default true
   */
  watch?: boolean | undefined
}

/** How long after they were due to be swept keys expire by themselves, in milliseconds (a day); also the life of a body without a job. */
const MARGIN_MS = 86_400_000
/** Share of the writes that also drop index entries of jobs that have expired by themselves. */
const TIDY = 1 / 16
/** Largest record and body, in bytes: Redis strings may have 512 MiB. */
const MAX_BYTES = 500_000_000
/** Largest body over REST, in bytes: a request to Upstash may have 10 MB, with two bodies in base64 and the head. */
const MAX_REST_BODY_BYTES = 3_500_000
const MAX_REST_RECORD_BYTES = 1_000_000

/**
 * Stores jobs in Redis 6.2 or later, or Valkey. Each call is one command, each change one atomic script. How durable jobs are depends on
 * how Redis persists: see "Persistence" in the README. Needs no set-up.
 *
 * @throws {JobsError} `invalid_option`
 */
export function redisStore(options: RedisStoreOptions): JobStore {
  const { client, prefix = 'respond-async', maxEvents = 0, watch = true, ...others } = { ...options }
  const connection = connectionOf(client)
  checkNoOthers('redisStore', others)
  if (!/^[\w.:/-]{1,100}$/.test(prefix))
    throw invalid(`redisStore: prefix must be 1 to 100 of A-Z a-z 0-9 _.:/-, not ${JSON.stringify(prefix)}`)
  checkWhole('redisStore: maxEvents', maxEvents, 0, 1_000)

  const { carries } = connection
  const rest = carries === 'text'
  const maxBodyBytes = rest ? MAX_REST_BODY_BYTES : MAX_BYTES
  const maxRecordBytes = rest ? MAX_REST_RECORD_BYTES : MAX_BYTES
  const base = `{${prefix}}`
  const due = `${base}:due`
  const recordKey = (id: string) => `${base}:j:${id}`
  const chunksKey = (id: string) => `${base}:b:${id}`
  const nameKey = (owner: string | null, key: string) => `${base}:k:${JSON.stringify(owner)},${JSON.stringify(key)}`
  const channelOf = (id: string) => (watch ? `${prefix}:c:${id}` : '')

  const linesOf = (events: readonly JobEvent[] = []) => (maxEvents > 0 ? events.map(lineOf) : [])
  const bodyOf = (body: Job['requestBody']): Argument => {
    if (body === undefined || body === null) return body === null ? '-' : ''
    if (isLonger(body, maxBodyBytes)) throw new JobsError('too_large', `A body may have at most ${maxBodyBytes} bytes.`)
    return encodeBody(body, carries)
  }
  const written = (job: Job, head: string, events: readonly JobEvent[] | undefined, channel: string): Argument[] => {
    const { id, createdAt, dueAt, goneAt, requestBody, responseBody } = job
    if (isLonger(head, maxRecordBytes))
      throw new JobsError('too_large', `A job may have at most ${maxRecordBytes} bytes, besides its bodies.`)
    return [
      ...[id, head, `${createdAt}`, `${dueAt ?? ''}`, lifeOf(job), goneAt === undefined ? '' : 'gone'],
      ...[bodyOf(requestBody), bodyOf(responseBody), channel, `${maxEvents}`, Math.random() < TIDY ? 'tidy' : '', ...linesOf(events)],
    ]
  }
  const read = (id: string, head: Reply | undefined): Job => {
    try {
      return jobOf(id, textOf(head))
    } catch (cause) {
      throw notAJob(recordKey(id), cause)
    }
  }
  const readWhole = (id: string, head: Reply | undefined, request: Reply | undefined, response: Reply | undefined): Job => ({
    ...read(id, head),
    requestBody: readBody(`${base}:q:${id}`, request),
    responseBody: readBody(`${base}:r:${id}`, response),
  })
  const readFound = (reply: Reply) => {
    const text = textOf(reply)
    try {
      return foundJobOf(text)
    } catch (cause) {
      throw notAJob(recordKey(text.slice(1, 1 + MAX_ID).split(',')[0] ?? ''), cause)
    }
  }
  const subscriptions = watch && canSubscribe(client) ? subscriptionsOver(client) : undefined

  let checked = rest
  /** Warns once, at the first insert, if the server evicts keys, and so silently loses jobs. The server may not allow the check. */
  const checkPolicy = () => {
    if (checked) return
    checked = true
    connection.run(MEMORY, [due], []).then(
      (info) => {
        const policy = /maxmemory_policy:(\S+)/.exec(textOf(info))?.[1]
        if (policy && policy !== 'noeviction')
          console.warn(
            `redisStore: this Redis evicts keys when it is full (maxmemory-policy ${policy}), and loses jobs. Set maxmemory-policy noeviction.`,
          )
      },
      () => {},
    )
  }

  return {
    capabilities: {
      ...{ durable: true, shared: true, due: true, list: true, listAll: true, events: maxEvents > 0, watch: subscriptions !== undefined },
      ...{ maxRecordBytes, maxBodyBytes },
    },
    async insert(job, events) {
      checkPolicy()
      const keys = [due, recordKey(job.id)]
      if (job.idempotencyKey !== undefined) keys.push(nameKey(job.owner, job.idempotencyKey))
      const answer = await connection.run(INSERT, keys, written(job, newHeadOf(job), events, ''))
      return isOne(answer) ? { inserted: true, job } : { inserted: false, job: readFound(answer) }
    },
    async get(id, view = 'full') {
      const key = recordKey(id)
      if (view === 'head') {
        const head = await connection.get(key)
        return head === null ? null : read(id, head)
      }
      const [head, request, response] = listOf(await connection.getMany([key, `${base}:q:${id}`, `${base}:r:${id}`]))
      return head === null ? null : readWhole(id, head, request, response)
    },
    async replace(next, events) {
      const answer = await connection.run(REPLACE, [due, recordKey(next.id)], written(next, headOf(next), events, channelOf(next.id)))
      if (isOne(answer)) return { replaced: true }
      return { replaced: false, current: answer === null ? null : read(next.id, answer) }
    },
    async claim(id, version, changes, events) {
      const { status = '', dueAt } = changes
      const newDue = 'dueAt' in changes ? `${dueAt ?? '-'}` : ''
      const args = [
        id,
        `${version}`,
        `${changes.version ?? version + 1}`,
        status,
        changesOf(changes),
        newDue,
        channelOf(id),
        `${maxEvents}`,
      ]
      const answer = await connection.runForBytes(CLAIM, [due, recordKey(id)], [...args, ...linesOf(events)])
      if (answer === null) return { claimed: false, job: null }
      const [claimed, head, request, response] = listOf(answer)
      return { claimed: isOne(claimed), job: readWhole(id, head, request, response) }
    },
    async remove(id, version) {
      return isOne(await connection.run(REMOVE, [due, recordKey(id)], [id, `${version ?? ''}`, channelOf(id)]))
    },
    async holder(owner, key) {
      const answer = await connection.run(HOLDER, [due, nameKey(owner, key)], [])
      return answer === null ? null : readFound(answer)
    },
    due(before, limit) {
      const page = async (most: number) => {
        for (;;) {
          const found = listOf(await connection.run(DUE, [due], [`${before}`, `${most}`]))
          if (found.length !== 1 || textOf(found[0]) !== 'more') return found
        }
      }
      return dueFrom(page, readFound, limit)
    },
    async list({ owner, status, operation, limit, cursor }) {
      const statuses = typeof status === 'string' ? status : [...new Set(status ?? STATUSES)].join()
      const place = placeOf(cursor)
      const filter = [owner === undefined ? '*' : JSON.stringify(owner), statuses, operation === undefined ? '' : JSON.stringify(operation)]
      const [more, ...jobs] = listOf(
        await connection.run(LIST, [due], [...filter, `${limit}`, `${place?.createdAt ?? ''}`, place?.id ?? '']),
      )
      return { jobs: jobs.map(readFound), cursor: textOf(more).slice(1) || undefined }
    },
    ...(maxEvents > 0 && {
      async events(id: string, after: number, limit: number) {
        const [oldest, ...lines] = listOf(await connection.run(EVENTS, [due, `${base}:e:${id}`], [`${after}`, `${limit}`]))
        return { events: lines.map((line) => eventOf(textOf(line))), truncated: oldest !== undefined && Number(oldest) > after + 1 }
      },
    }),
    ...(subscriptions && {
      watch: (id: string, signal: AbortSignal) => subscriptions.watch(channelOf(id), signal),
    }),
    blobs: {
      maxBodyBytes: null,
      async write(id, name, index, chunk) {
        const args = [`${name}:${index}`, encodeBody(chunk, carries), `${MARGIN_MS}`]
        await connection.run(WRITE_BLOB, [due, chunksKey(id), recordKey(id)], args)
      },
      async read(id, name, index) {
        const chunk = readBody(chunksKey(id), await connection.runForBytes(READ_BLOB, [due, chunksKey(id)], [`${name}:${index}`]))
        return typeof chunk === 'string' ? null : chunk
      },
      async remove(id, keep) {
        await connection.run(REMOVE_BLOBS, [due, chunksKey(id)], [keep === undefined ? '' : `${keep}:`])
      },
    },
    async close() {
      subscriptions?.end()
    },
  }
}

const MAX_ID = 128
/** Clients may be configured to return numbers as text. */
const isOne = (reply: Reply | undefined) => Number(reply) === 1
const invalid = (message: string) => new JobsError('invalid_option', message)

/**
 * Time to live of a record, in milliseconds: none while it is unfinished; after that until it is due to be swept, and `MARGIN_MS`. While
 * it owes a webhook, `dueAt` is before `expiresAt`.
 */
function lifeOf({ finishedAt, goneAt, dueAt, expiresAt = 0 }: Job): string {
  if ((finishedAt === undefined && goneAt === undefined) || dueAt === null) return ''
  const until = goneAt === undefined ? Math.max(dueAt, expiresAt) : dueAt
  return `${Math.max(0, until - Date.now()) + MARGIN_MS}`
}

function readBody(key: string, stored: Reply | undefined) {
  if (stored === null || stored === undefined) return null
  try {
    return decodeBody(stored instanceof Uint8Array ? stored : textOf(stored))
  } catch (cause) {
    throw notAJob(key, cause)
  }
}

/** @throws {Error} if the client returns something other than a list */
function listOf(reply: Reply): Reply[] {
  if (Array.isArray(reply)) return reply
  throw new Error(`redisStore: expected a list, got ${JSON.stringify(reply)}: is the client configured to transform replies?`)
}
