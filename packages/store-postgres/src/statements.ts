import type { JobStatus } from '@respond-async/core'
import { BODIES, type Column, SEARCHED } from './columns'
import type { Statement } from './connection'

const HEAD = 'record, changes'
const FULL = 'record, changes, request_body AS request, response_body AS response'
const UNFINISHED = "('queued', 'running')"
/** The condition of the index of all owners' jobs, word for word. */
const IN_ALL = "NOT gone AND created_at > '-infinity'"

export interface InsertShape {
  readonly keyed: boolean
  readonly owned: boolean
  /** Whether there are parameters for events of history. */
  readonly lines: boolean
  /** Whether there is a parameter for an engine's statements. */
  readonly handOver: boolean
}

export interface UpdateShape {
  /** Columns of `$5` and the following parameters. */
  readonly columns: readonly Column[]
  /** `true`: `$4` is the whole record, and the head is returned. `false`: `$4` is changes to merge, and the full record is returned. */
  readonly whole: boolean
  /** Whether there are parameters for events of history: their number, then texts and versions as lists. */
  readonly lines: boolean
  /** Whether to delete the large bodies. */
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
 * The SQL of the store. Each write also returns the stored row, in the same statement. Its common table expressions see the database as of
 * the start of the statement, so a row that another transaction has committed meanwhile is not seen, and the caller must read again.
 *
 * @param channel to notify of every change of a job (not of inserts, which nobody can wait for yet); `undefined`: none
 */
export function statements(schema: string, maxEvents: number, channel: string | undefined) {
  const jobs = `"${schema}".jobs`
  const events = `"${schema}".events`
  const blobs = `"${schema}".blobs`
  const done = channel === undefined ? 'true' : `pg_notify('${channel}', id || ' ' || version) IS NOT NULL`
  const written = new Map<string, Statement>()
  /** Builds the text of a statement once per shape. */
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
  /** Inserts events of history. Their texts are one parameter, separated by line feeds, which JSON does not contain. */
  const newLines = (source: string, first: string, at: number) =>
    `INSERT INTO ${events} (job_id, line, version, event)
SELECT ${source}.id, (${first} + e.n)::integer, e.version, e.event
FROM ${source}, unnest(string_to_array($${at + 1}::text, E'\\n'), string_to_array($${at + 2}::text, ',')::double precision[])
WITH ORDINALITY AS e(event, version, n)`

  const isKeyed = (owned: boolean, owner: string, key: string) => `idempotency_key = ${key} AND owner ${owned ? `= ${owner}` : 'IS NULL'}`
  /** Existing jobs with the id `$1`, or with this owner and key, if there is a key. */
  const there = (keyed: boolean, owned: boolean, owner: string, key: string, where = '') =>
    `SELECT false AS done, ${HEAD} FROM ${jobs} WHERE id = $1${where}${
      keyed ? `\nUNION ALL SELECT false, ${HEAD} FROM ${jobs} WHERE ${isKeyed(owned, owner, key)} AND id <> $1${where}` : ''
    }`

  return {
    /**
     * `$1` id, `$2` version, `$3` to `$9` columns for searches, `$10` record, `$11` and `$12` bodies; then events of history, then an
     * engine's statements.
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
    /** `$1` key, `$2` owner, if any. */
    holder: (owned: boolean): Statement => fixed(`SELECT ${HEAD} FROM ${jobs} WHERE ${isKeyed(owned, '$2', '$1')}`),
    head: fixed(`SELECT ${HEAD} FROM ${jobs} WHERE id = $1`),
    full: fixed(`SELECT ${FULL} FROM ${jobs} WHERE id = $1`),
    /** `$1` id, `$2` expected version, `$3` new version, `$4` record or changes, then the parameters of the shape. */
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
    /** `$1` id, `$2` version, if guarded. */
    remove: (guarded: boolean): Statement =>
      fixed(`WITH gone AS (DELETE FROM ${jobs} WHERE id = $1${guarded ? ' AND version = $2' : ''} RETURNING id)
, forgotten AS (DELETE FROM ${events} USING gone WHERE job_id = gone.id)
, emptied AS (DELETE FROM ${blobs} USING gone WHERE job_id = gone.id)
SELECT id FROM gone`),
    due: fixed(`SELECT ${HEAD} FROM ${jobs} WHERE due_at <= $1 ORDER BY due_at LIMIT $2`),
    /** `$1` limit, then owner, operation, `createdAt` and id of the cursor, as far as the shape has them. */
    list: ({ owned, statuses, operation, after }: ListShape): Statement =>
      cached(`list ${owned} ${statuses?.join()} ${operation} ${after}`, () => {
        let at = 1
        const where = [
          owned ? `owner = $${++at}` : 'owner IS NULL',
          'NOT gone',
          // In the text and not a parameter, so that the planner can use the index of unfinished jobs.
          ...(statuses ? [statuses.length > 0 ? `status IN (${statuses.map((status) => `'${status}'`)})` : 'false'] : []),
          ...(statuses?.length && statuses.every((status) => UNFINISHED.includes(`'${status}'`)) ? [`status IN ${UNFINISHED}`] : []),
          ...(operation ? [`operation = $${++at}`] : []),
          ...(after ? [`(created_at, id) < ($${++at}, $${++at})`] : []),
        ]
        return `SELECT ${HEAD} FROM ${jobs} WHERE ${where.join(' AND ')} ORDER BY created_at DESC, id DESC LIMIT $1`
      }),
    /**
     * The same for all owners. Merges the newest jobs of each operation (found by stepping along the index) and status; its cost depends
     * on the number of such pairs, not of jobs.
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
    /** `$1` ids, separated by commas. */
    versions: fixed(`SELECT id, version FROM ${jobs} WHERE id = ANY(string_to_array($1::text, ','))`),
    writeChunk: fixed(`INSERT INTO ${blobs} (job_id, name, chunk, data) VALUES ($1, $2, $3, $4)
ON CONFLICT (job_id, name, chunk) DO UPDATE SET data = excluded.data`),
    readChunk: fixed(`SELECT data FROM ${blobs} WHERE job_id = $1 AND name = $2 AND chunk = $3`),
    removeChunks: (keep: boolean): Statement => fixed(`DELETE FROM ${blobs} WHERE job_id = $1${keep ? ' AND name <> $2' : ''}`),
    /** Values that a client may be configured to return in another form: two bytes that are not UTF-8, and `false`. */
    probe: fixed("SELECT decode('00ff', 'hex') AS bytes, false AS no"),
    version: fixed(`SELECT max(version) AS version FROM "${schema}".migrations`),
  }
}

/** 53-bit hash of a text: two stores over one pool, with different schemas or options, must not share a name for different texts. */
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
