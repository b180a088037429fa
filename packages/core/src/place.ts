import { JobsError } from './errors'
import { JOB_ID, type Job } from './job'

/** Position of a job in a list, newest first: by `createdAt`, then `id`, both descending. */
export type Place = Pick<Job, 'createdAt' | 'id'>

/** The cursor of the page that ends with this job. */
export const cursorOf = ({ createdAt, id }: Place): string => `${createdAt}_${id}`

/**
 * Reads a cursor: the position after which the list continues; `undefined` for its beginning.
 * @throws {JobsError} `invalid_cursor` for what {@link cursorOf} never returns
 */
export function placeOf(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined
  const [, createdAt, id = ''] = /^(\d{1,16})_(.*)$/.exec(cursor) ?? []
  if (!JOB_ID.test(id)) throw new JobsError('invalid_cursor', 'This cursor is not from this store.')
  return { createdAt: Number(createdAt), id }
}
