import type { JobStatus } from '@respond-async/core'
import { BODIES, type Column, SEARCHED } from './columns'
import type { Statement } from './connection'

const HEAD = 'record, changes'
const FULL = 'record, changes, request_body AS request, response_body AS response'
const UNFINISHED = "('queued', 'running')"
/** What the index of all owners' jobs is of, word for word. */
const IN_ALL = "NOT gone AND created_at > '-infinity'"

export interface InsertShape {
  readonly keyed: boolean
  readonly owned: boolean
  /** Whether lines of history follow. */
  readonly lines: boolean
  /** Whether an engine's statements follow. */
  readonly handOver: boolean
}

export interface UpdateShape {
  /** Of `$5` and the following. */
  readonly columns: readonly Column[]
  /** Whether `$4` is the whole record, and a head is given back, or is written over it, and all of it is given back. */
  readonly whole: boolean
  /** Whether lines of history follow: their number, then texts and versions as lists. */
  readonly lines: boolean
  /** Whether the large bodies go. */
  readonly gone: boolean
}

export interface AllShape {
  readonly statuses: readonly JobStatus[]
  readonly operation: boolean
  readonly after: boolean
}
export interface ListShape extends Omit<AllShape, 'statuses'> {
  readonly owned: boolean
  readonly statuses: readonly JobStatus[] | undefined
}

/**
 * The SQL of the store. A write looks at what it wrote in the same statement: the common table expressions see the database as it was
 * when the statement began, so the row that another one has committed meanwhile is not seen, and the caller has to look again.
 *
 * @param channel to be told of every change of a job, not of its insert: nobody can wait for it before; none: nobody is told
 */
export function statements(schema: string, maxEvents: number, channel: string | undefined) {
  const jobs = `"${schema}".jobs`
  const events = `"${schema}".events`
  const blobs = `"${schema}".blobs`
  const done = channel === undefined ? 'true' : `pg_notify('${channel}', id || ' ' || version) IS NOT NULL`
  const written = new Map<string, Statement>()
  /** Texts are put together once for each shape. */
  const cached = (shape: string, write: () => string): Statement => {
    let statement = written.get(shape)
    if (!statement) {
      const text = write()
      statement = { name: `respond_async_${hash(text)}`, text }
      written.set(shape, statement)
    }
    return statement
  }
  const fixed = (text: string) => cached(text, () => text)
  /** A list of texts is one parameter, with a separator that is in none of them: JSON has no line ends of its own. */
  const newLines = (source: string, first: string, at: number) =>
    `INSERT INTO ${events} (job_id, line, version, event)
SELECT ${source}.id, (${first} + e.n)::integer, e.version, e.event
FROM ${source}, unnest(string_to_array($${at + 1}::text, E'\\n'), string_to_array($${at + 2}::text, ',')::double precision[])
WITH ORDINALITY AS e(event, version, n)`

  const isKeyed = (owned: boolean, owner: string, key: string) => `idempotency_key = ${key} AND owner ${owned ? `= ${owner}` : 'IS NULL'}`
  /** `$1` id, `$5` owner, `$6` key, where there is a key. */
  const there = (keyed: boolean, owned: boolean, owner: string, key: string, where = '') =>
    `SELECT false AS done, ${HEAD} FROM ${jobs} WHERE id = $1${where}${
      keyed ? `\nUNION ALL SELECT false, ${HEAD} FROM ${jobs} WHERE ${isKeyed(owned, owner, key)} AND id <> $1${where}` : ''
    }`

  return {
    /**
     * `$1` id, `$2` version, `$3` to `$9` what is searched by, `$10` record, `$11`, `$12` bodies; then lines of history, then what an
     * engine wants written with it.
     */
    insert: ({ keyed, owned, lines, handOver }: InsertShape): Statement =>
      cached(
        `insert ${keyed} ${owned} ${lines} ${handOver}`,
        () => `WITH new AS (
INSERT INTO ${jobs} (id, version, ${[...SEARCHED, 'record', ...BODIES].join(', ')}${lines ? ', lines' : ''})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12${lines ? ', $13' : ''}) ON CONFLICT DO NOTHING RETURNING id
)${lines ? `, kept AS (${newLines('new', '0', 13)})` : ''}
SELECT ${handOver ? `"${schema}".hand_over($${lines ? 16 : 13})` : 'true'} AS done, NULL::text AS record, NULL::text AS changes FROM new
UNION ALL ${there(keyed, owned, '$5', '$6', ' AND NOT EXISTS (SELECT FROM new)')}`,
      ),
    /** `$1` id, `$2` key, `$3` owner. */
    there: (keyed: boolean, owned: boolean): Statement => fixed(there(keyed, owned, '$3', '$2')),
    /** `$1` key, `$2` owner where there is one. */
    holder: (owned: boolean): Statement => fixed(`SELECT ${HEAD} FROM ${jobs} WHERE ${isKeyed(owned, '$2', '$1')}`),
    head: fixed(`SELECT ${HEAD} FROM ${jobs} WHERE id = $1`),
    full: fixed(`SELECT ${FULL} FROM ${jobs} WHERE id = $1`),
    /** `$1` id, `$2` the version it has to have, `$3` the one it gets, `$4` record or changes, and what the shape says. */
    update: ({ columns, whole, lines, gone }: UpdateShape): Statement =>
      cached(`update ${columns} ${whole} ${lines} ${gone}`, () => {
        const at = 5 + columns.length
        const set = [
          'version = $3',
          whole ? 'record = $4, changes = NULL' : "changes = CASE WHEN changes IS NULL THEN $4 ELSE changes || ',' || $4 END",
          ...columns.map((column, index) => `${column} = $${5 + index}`),
          ...(lines ? [`lines = lines + $${at}::integer`] : []),
        ]
        const more = lines
          ? `, kept AS (${newLines('written', `written.lines - $${at}::integer`, at)})
, dropped AS (DELETE FROM ${events} USING written WHERE job_id = written.id AND line <= written.lines - ${maxEvents})`
          : ''
        const emptied = gone ? `, emptied AS (DELETE FROM ${blobs} USING written WHERE job_id = written.id)` : ''
        return `WITH written AS (
UPDATE ${jobs} SET ${set.join(', ')} WHERE id = $1 AND version = $2 RETURNING id, version, lines${whole ? '' : `, ${FULL}`}
)${more}${emptied}
SELECT ${done} AS done, ${whole ? 'NULL::text AS record, NULL::text AS changes' : `${HEAD}, request, response`} FROM written
UNION ALL SELECT false, ${whole ? HEAD : FULL} FROM ${jobs} WHERE id = $1 AND NOT EXISTS (SELECT FROM written)`
      }),
    /** `$1` id, `$2` version where it is guarded. */
    remove: (guarded: boolean): Statement =>
      fixed(`WITH gone AS (DELETE FROM ${jobs} WHERE id = $1${guarded ? ' AND version = $2' : ''} RETURNING id)
, forgotten AS (DELETE FROM ${events} USING gone WHERE job_id = gone.id)
, emptied AS (DELETE FROM ${blobs} USING gone WHERE job_id = gone.id)
SELECT id FROM gone`),
    due: fixed(`SELECT ${HEAD} FROM ${jobs} WHERE due_at <= $1 ORDER BY due_at LIMIT $2`),
    /** `$1` limit, then owner, operation, `createdAt` and id of the place, as far as the shape has them. */
    list: ({ owned, statuses, operation, after }: ListShape): Statement =>
      cached(`list ${owned} ${statuses?.join()} ${operation} ${after}`, () => {
        let at = 1
        const where = [
          owned ? `owner = $${++at}` : 'owner IS NULL',
          'NOT gone',
          // In the text, not a parameter: only so is it known that the index of what is unfinished will do.
          ...(statuses ? [statuses.length > 0 ? `status IN (${statuses.map((status) => `'${status}'`)})` : 'false'] : []),
          ...(statuses?.length && statuses.every((status) => UNFINISHED.includes(`'${status}'`)) ? [`status IN ${UNFINISHED}`] : []),
          ...(operation ? [`operation = $${++at}`] : []),
          ...(after ? [`(created_at, id) < ($${++at}, $${++at})`] : []),
        ]
        return `SELECT ${HEAD} FROM ${jobs} WHERE ${where.join(' AND ')} ORDER BY created_at DESC, id DESC LIMIT $1`
      }),
    /**
     * The same without an owner: the tops of one index for every operation, which are found from one to the next, and every status.
     * As many rows are read as there are such pairs, however many jobs there are.
     */
    listAll: ({ statuses, operation, after }: AllShape): Statement =>
      cached(`listAll ${statuses.join()} ${operation} ${after}`, () => {
        let at = 1
        const next = (from: string) => `SELECT operation FROM ${jobs} WHERE ${IN_ALL}${from} ORDER BY operation LIMIT 1`
        const found = operation
          ? `SELECT $${++at}::text`
          : `(${next('')}) UNION ALL SELECT (${next(' AND operation > found.operation')}) FROM found WHERE operation IS NOT NULL`
        const place = after ? ` AND (created_at, id) < ($${++at}, $${++at})` : ''
        return `WITH RECURSIVE found (operation) AS (${found})
SELECT ${HEAD} FROM found, (VALUES ${statuses.map((status) => `('${status}')`)}) wanted (status), LATERAL (
SELECT ${HEAD}, created_at, id FROM ${jobs} WHERE operation = found.operation AND status = wanted.status AND ${IN_ALL}${place}
ORDER BY created_at DESC, id DESC LIMIT $1) top ORDER BY created_at DESC, id DESC LIMIT $1`
      }),
    /** `$1` id, `$2` version, `$3` limit. */
    events: fixed(`SELECT event, (SELECT version FROM ${events} WHERE job_id = $1 ORDER BY line LIMIT 1) AS oldest
FROM ${events} WHERE job_id = $1 AND version > $2 ORDER BY line LIMIT $3`),
    /** `$1` ids, with commas between. */
    versions: fixed(`SELECT id, version FROM ${jobs} WHERE id = ANY(string_to_array($1::text, ','))`),
    writeChunk: fixed(`INSERT INTO ${blobs} (job_id, name, chunk, data) VALUES ($1, $2, $3, $4)
ON CONFLICT (job_id, name, chunk) DO UPDATE SET data = excluded.data`),
    readChunk: fixed(`SELECT data FROM ${blobs} WHERE job_id = $1 AND name = $2 AND chunk = $3`),
    removeChunks: (keep: boolean): Statement => fixed(`DELETE FROM ${blobs} WHERE job_id = $1${keep ? ' AND name <> $2' : ''}`),
    /** What a client may be set to read otherwise: two bytes that are no text, and a boolean that is not true. */
    probe: fixed("SELECT decode('00ff', 'hex') AS bytes, false AS no"),
    version: fixed(`SELECT max(version) AS version FROM "${schema}".migrations`),
  }
}

/** 53 bits of a text: two stores over one pool, with other schemas or options, must not use one name for two texts. */
function hash(text: string): string {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    high = Math.imul(high ^ code, 2_654_435_761)
    low = Math.imul(low ^ code, 1_597_334_677)
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  return (4_294_967_296 * (2_097_151 & low) + (high >>> 0)).toString(36)
}
