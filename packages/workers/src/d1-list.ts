import type { JobQuery } from '@respond-async/core'
import { placeOf } from '@respond-async/core/store'
import type { Sql } from './d1-database'
import { ownerColumn } from './d1-record'

const ORDER = 'ORDER BY created_at DESC, id DESC'

/**
 * The page of a list and one job more. Each state is read by its index, as far as the page goes, and the pages are merged: one
 * search for several states would sort all of their jobs.
 */
export function listQuery({ owner = null, status, operation, limit, cursor }: JobQuery): Sql {
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
