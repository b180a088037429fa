import type { StatusDocument } from '../status-document'

/** Times of a job that the page shows, in the order in which they come about. */
export const TIMES = {
  createdAt: 'Accepted',
  scheduledAt: 'To start',
  startedAt: 'Started',
  cancelRequestedAt: 'Cancellation asked for',
  estimatedFinishAt: 'Expected to finish',
  finishedAt: 'Finished',
  expiresAt: 'Kept until',
} as const satisfies Partial<Record<keyof StatusDocument, string>>
export type TimeName = keyof typeof TIMES

/** Never 100 % before all is done. */
export const percentText = (percent: number | undefined): string => (percent === undefined ? '' : `${Math.floor(percent)} %`)

/** What a tab shows: how far it is comes first, because a tab is narrow. */
export function titleOf({ status, percentComplete, operation, finishedAt }: StatusDocument): string {
  const state = finishedAt === undefined && percentComplete !== undefined ? `${percentText(percentComplete)} ${status}` : status
  return `${state} – ${operation}`
}

/** Where the result is to be opened: a web address or a path. What else a handler has pointed at stays a text, and `javascript:` is no address. */
export function resultLink({ resourceLocation: pointed = '', links }: StatusDocument): string | undefined {
  return /^(?:https?:\/\/|\/)[^\\]*$/i.test(pointed) ? pointed : links.result
}

/** What went wrong, in words. */
export const errorText = ({ error }: StatusDocument): string => error?.message ?? error?.title ?? ''
