export type { Answer, BodyStream } from './answer'
export { bytesOf, isEvents, isStream, joined, sizeOf } from './answer'
export type { BodySink, ResponseHead } from './bodies'
export type {
  DispatchContext,
  EngineCapabilities,
  JobEngine,
  JobMessage,
  LeftMessage,
  LocalRun,
  Platform,
  Reservation,
  RunContext,
  Runner,
  RunOutcome,
  SqlStatement,
} from './engine'
export type { JobsErrorCode } from './errors'
export { isJobsError, JobsError } from './errors'
export type { EventSink, EventStream } from './events'
export type { EventFlow } from './feed'
export type { InProcessOptions } from './in-process'
export { inProcess } from './in-process'
export type {
  Body,
  HeaderFields,
  Job,
  JobEvent,
  JobFailure,
  JobStatus,
  Json,
  JsonObject,
  StoredRequest,
  StoredResponse,
} from './job'
export { createJobs } from './jobs'
export type { Jobs, SubmitOptions } from './jobs-api'
export type { LifecycleEvent, Outcome } from './lifecycle'
export { isTerminal, TRANSITIONS, transition } from './lifecycle'
export type { MemoryStoreOptions } from './memory-store'
export { memoryStore } from './memory-store'
export type { CapturedResponse, Execute, Execution, JobHandle } from './operation'
export type { ChangeType, ErrorContext, JobsOptions, OperationOptions, Owner } from './options'
export type { Place } from './place'
export { cursorOf, placeOf } from './place'
export type { ProblemCode } from './problems'
export { PROBLEMS } from './problems'
export { bodyTooLarge } from './received-body'
export type { JobPresentation, Presentation, Representation } from './representation'
export type { JobRequest, Submission } from './request'
export { pathOf } from './request'
export type { RouteMatch } from './routes'
export { checkNoOthers } from './rules'
export { resultTooLarge } from './settle'
export type { MessageSink, MessageStream } from './sockets'
export { MAX_MESSAGE_BYTES, SOCKET_CODES } from './sockets'
export type { JobLinks, StatusDocument } from './status-document'
export type { BlobStore, Claimed, Inserted, JobQuery, JobStore, JobView, Replaced, StoreCapabilities, StoreHost } from './store'
export type { WaitUntilOptions } from './wait-until'
export { waitUntil } from './wait-until'
export type {
  JobWebhook,
  WebhookDelivery,
  WebhookMessage,
  WebhookReply,
  WebhookSender,
  WebhookType,
} from './webhook'
export type { WebhookOption, WebhookOptions } from './webhook-target'
