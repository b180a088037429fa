import type { JobMessage } from '@respond-async/core'

/** Id of a message in the queue: BullMQ refuses a second one with the same. */
export const messageId = ({ id, dispatch }: Pick<JobMessage, 'id' | 'dispatch'>): string => `${id}-${dispatch}`

/** Name of the stream that tells of cancellations; one of its own, so that nobody reads every event of every job for them. */
export const cancellationsOf = (queue: string): string => `${queue}-cancel`
