import type { StatusDocument } from '../status-document'

/** Times that the page shows, in chronological order. */
export const TIMES = {
  createdAt: 'Accepted',
  scheduledAt: 'Scheduled for',
  startedAt: 'Started',
  cancelRequestedAt: 'Cancellation requested',
  estimatedFinishAt: 'Expected to finish',
  finishedAt: 'Finished',
  expiresAt: 'Kept until',
} as const satisfies Partial<Record<keyof StatusDocument, string>>
export type TimeName = keyof typeof TIMES

/** Rounded down, so that it does not show 100 % too early. */
export const percentText = (percent: number | undefined): string => (percent === undefined ? '' : `${Math.floor(percent)} %`)

/** Title of the page, with the progress first, because tabs are narrow. */
export function titleOf({ status, percentComplete, operation, finishedAt }: StatusDocument): string {
  const state = finishedAt === undefined && percentComplete !== undefined ? `${percentText(percentComplete)} ${status}` : status
  return `${state} – ${operation}`
}

/** Link to the result, if it is an http(s) URL or a path; never `javascript:` or another scheme that a handler's `Location` may have. */
export function resultLink({ resourceLocation: pointed = '', links }: StatusDocument): string | undefined {
  return /^(?:https?:\/\/|\/)[^\\]*$/i.test(pointed) ? pointed : links.result
}

/** What went wrong, as a sentence. */
export const errorText = ({ error }: StatusDocument): string => error?.message ?? error?.title ?? ''
