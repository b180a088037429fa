import type { JobQuery } from '@respond-async/core'
import { placeOf, STATUSES } from '@respond-async/core/store'
import type { Sql } from './d1-database'
import { ownerColumn } from './d1-record'

const ORDER = 'ORDER BY created_at DESC, id DESC'

/**
 * Query for a page of a list and one more job. Reads a page for each state from its index and merges these: one search for several
 * states would sort all of their jobs.
 */
export function listQuery({ owner, status, operation, limit, cursor }: JobQuery): Sql {
  if (owner === undefined) return listAllQuery({ status, operation, limit, cursor })
  const values: unknown[] = []
  const value = (one: unknown) => `?${values.push(one)}`
  const after = placeOf(cursor)
  const where = [`owner = ${value(ownerColumn(owner))}`, 'gone_at IS NULL']
  if (after) where.push(`(created_at, id) < (${value(after.createdAt)}, ${value(after.id)})`)
  if (operation !== undefined) where.push(`operation = ${value(operation)}`)
  const count = value(limit + 1)
  const page = (...more: string[]) =>
    `SELECT id, created_at, head, changes FROM respond_async_jobs WHERE ${[...where, ...more].join(' AND ')} ${ORDER} LIMIT ${count}`
  if (status === undefined) return [page(), ...values]
  const states = [...new Set(typeof status === 'string' ? [status] : status)]
  if (states.length === 0) return [page('FALSE'), ...values]
  const pages = states.map((one) => `SELECT * FROM (${page(`status = ${value(one)}`)})`)
  return [`${pages.join(' UNION ALL ')} ${ORDER} LIMIT ${count}`, ...values]
}

const ALL = 'respond_async_jobs INDEXED BY respond_async_jobs_all WHERE gone_at IS NULL'
/** Query for the operations of all jobs. Steps along the index from one to the next, so its cost does not depend on the number of jobs. */
const OPERATIONS = `SELECT min(operation) FROM ${ALL}
  UNION ALL SELECT (SELECT min(operation) FROM ${ALL} AND operation > found.operation) FROM found WHERE operation IS NOT NULL`

/**
 * The same for the jobs of all owners. Merges the newest jobs of each operation and state from one index, then reads those of the page;
 * its cost depends on the number of such pairs, not of jobs.
 */
function listAllQuery({ status = STATUSES, operation, limit, cursor }: Omit<JobQuery, 'owner'>): Sql {
  const values: unknown[] = []
  const value = (one: unknown) => `?${values.push(one)}`
  const count = value(limit + 1)
  const after = placeOf(cursor)
  const place = after ? ` AND (created_at, id) < (${value(after.createdAt)}, ${value(after.id)})` : ''
  const found = operation === undefined ? OPERATIONS : `SELECT ${value(operation)}`
  const states = value(JSON.stringify([...new Set([status].flat())]))
  const top = `SELECT json_group_array(id) FROM (
    SELECT id FROM ${ALL} AND operation = found.operation AND status = states.value${place} ${ORDER} LIMIT ${count})`
  const text = `WITH RECURSIVE found (operation) AS (${found})
    SELECT jobs.id, jobs.created_at, head, changes FROM found, json_each(${states}) states, json_each((${top})) places
    JOIN respond_async_jobs jobs ON jobs.id = places.value ORDER BY jobs.created_at DESC, jobs.id DESC LIMIT ${count}`
  return [text, ...values]
}
