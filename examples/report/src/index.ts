export type { BuildReportOptions, Report } from './report'
export { buildReport } from './report'
export type { ReportErrorCode } from './report-error'
export { ReportError } from './report-error'
