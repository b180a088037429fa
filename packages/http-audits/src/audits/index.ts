import type { Audit } from '../audit'
import { acceptAudits } from './accept'
import { cancelAudits } from './cancel'
import { captureAudits } from './capture'
import { corsAudits } from './cors'
import { documentAudits } from './document'
import { errorAudits } from './error'
import { eventAudits } from './events'
import { idempotencyAudits } from './idempotency'
import { inputAudits } from './input'
import { listAudits } from './list'
import { liveAudits } from './live'
import { longPollAudits } from './long-poll'
import { methodAudits } from './methods'
import { pageAudits } from './page'
import { pollAudits } from './poll'
import { preferAudits } from './prefer'
import { problemAudits } from './problems'
import { purgeAudits } from './purge'
import { resultAudits } from './result'

/** All audits, in the order of docs/protocol.md. */
export const audits: readonly Audit[] = [
  ...acceptAudits,
  ...preferAudits,
  ...idempotencyAudits,
  ...documentAudits,
  ...errorAudits,
  ...pollAudits,
  ...longPollAudits,
  ...eventAudits,
  ...pageAudits,
  ...resultAudits,
  ...captureAudits,
  ...liveAudits,
  ...cancelAudits,
  ...purgeAudits,
  ...listAudits,
  ...problemAudits,
  ...methodAudits,
  ...corsAudits,
  ...inputAudits,
]
