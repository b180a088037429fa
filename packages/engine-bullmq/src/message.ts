import type { JobMessage } from '@respond-async/core'

/** Id of a message in the queue; BullMQ ignores a second one with the same id. */
export const messageId = ({ id, dispatch }: Pick<JobMessage, 'id' | 'dispatch'>): string => `${id}-${dispatch}`

/** Name of the event stream for cancels, separate from that of the queue, so that workers need not read all events of all jobs. */
export const cancellationsOf = (queue: string): string => `${queue}-cancel`
