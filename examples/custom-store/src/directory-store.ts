import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Body, bytesOf, type Job, type JobEvent, type JobStore, JobsError } from '@respond-async/core'

/** What is in a file: the head of a job, its history, and its bodies in base64. */
type JobFile = { job: Job; events: JobEvent[]; requestBody?: string | null; responseBody?: string | null }

/**
 * Keeps each job in a JSON file of its own: for one process with some hundreds of jobs that have to survive a crash.
 *
 * Not for two processes: nothing locks the directory. Calls are atomic because nothing here waits: each reads, compares and
 * writes before anything else can run in this process. Not for many jobs: keys, lists and due times are found by reading all.
 */
export function directoryStore(directory: string): JobStore {
  mkdirSync(directory, { recursive: true })

  /** Hashed, because ids may contain capitals and dots, which not every file system keeps apart. */
  const pathOf = (id: string) => join(directory, `${createHash('sha256').update(id).digest('hex')}.json`)
  const read = (path: string): JobFile | null => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null)

  /** A crash leaves the old file or the new one, never half of it: the name moves once the bytes are on disk. */
  const write = ({ requestBody, responseBody, ...job }: Job, before: JobFile | null, events: readonly JobEvent[] = []) => {
    const file: JobFile = {
      job,
      events: [...(before?.events ?? []), ...events],
      requestBody: requestBody === undefined ? before?.requestBody : packed(requestBody),
      responseBody: responseBody === undefined ? before?.responseBody : packed(responseBody),
    }
    writeFileSync(`${pathOf(job.id)}.new`, JSON.stringify(file), { flush: true })
    renameSync(`${pathOf(job.id)}.new`, pathOf(job.id))
  }
  const all = (): Job[] => readdirSync(directory).flatMap((name) => (name.endsWith('.json') && read(join(directory, name))?.job) || [])

  return {
    capabilities: {
      ...{ durable: true, shared: false, due: true, list: true, listAll: true, events: true, watch: false },
      ...{ maxRecordBytes: null, maxBodyBytes: null },
    },
    async insert(job, events) {
      const { owner, idempotencyKey: key } = job
      const sameKey = key === undefined ? undefined : all().find((other) => other.owner === owner && other.idempotencyKey === key)
      const there = read(pathOf(job.id))?.job ?? sameKey
      if (!there) write(job, null, events)
      return { inserted: !there, job: there ?? job }
    },
    async get(id, view) {
      const file = read(pathOf(id))
      if (!file) return null
      if (view === 'head') return file.job
      return { ...file.job, requestBody: unpacked(file.requestBody), responseBody: unpacked(file.responseBody) }
    },
    async replace(next, events) {
      const before = read(pathOf(next.id))
      if (before?.job.version !== next.version - 1) return { replaced: false, current: before?.job ?? null }
      write(next, before, events)
      return { replaced: true }
    },
    async remove(id, version) {
      const file = read(pathOf(id))
      if (!file || (version !== undefined && version !== file.job.version)) return false
      rmSync(pathOf(id))
      return true
    },
    async due(before, limit) {
      const timeOf = ({ dueAt }: Job) => dueAt ?? Number.POSITIVE_INFINITY
      const found = all().filter((job) => timeOf(job) <= before)
      return found.sort((a, b) => timeOf(a) - timeOf(b)).slice(0, limit)
    },
    async list({ owner, status, operation, limit, cursor }) {
      if (cursor !== undefined && !/^\d{16} ./.test(cursor)) throw new JobsError('invalid_cursor', 'This cursor is not from this store.')
      const found = all()
        .filter(
          (job) =>
            (owner === undefined || job.owner === owner) && job.goneAt === undefined && (operation ?? job.operation) === job.operation,
        )
        .filter((job) => status === undefined || [status].flat().includes(job.status))
        .filter((job) => cursor === undefined || placeOf(job) < cursor)
        .sort((a, b) => (placeOf(a) < placeOf(b) ? 1 : -1))
      const jobs = found.slice(0, limit)
      return { jobs, cursor: found.length > limit ? jobs.slice(-1).map(placeOf)[0] : undefined }
    },
    async events(id, after, limit) {
      const events = read(pathOf(id))?.events.filter(({ version }) => version > after) ?? []
      return { events: events.slice(0, limit), truncated: false }
    },
  }
}

/** A text that sorts as the jobs do: by time, then by id. */
const placeOf = ({ createdAt, id }: Job) => `${String(createdAt).padStart(16, '0')} ${id}`

const packed = (body: Body | null) => body && Buffer.from(bytesOf(body)).toString('base64')
const unpacked = (text: string | null | undefined) => (typeof text === 'string' ? Buffer.from(text, 'base64') : null)
