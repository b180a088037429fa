import { JobsError } from './errors'
import type { Job } from './job'

/** Where a job stands in a list that is newest first: `createdAt`, then `id`, both descending. */
export type Place = Pick<Job, 'createdAt' | 'id'>

/** The cursor of a page whose last job this is. */
export const cursorOf = ({ createdAt, id }: Place): string => `${createdAt}_${id}`

/**
 * The place after which a list goes on; `undefined` for its beginning.
 * @throws {JobsError} `invalid_cursor` for what {@link cursorOf} never gave.
 */
export function placeOf(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined
  const [, createdAt, id] = /^(\d{1,16})_([\w.~-]{1,128})$/.exec(cursor) ?? []
  if (createdAt === undefined || id === undefined) throw new JobsError('invalid_cursor', 'This cursor was not given by this store.')
  return { createdAt: Number(createdAt), id }
}
