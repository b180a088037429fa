import { upgradeWebSocket } from 'hono/cloudflare-workers'
import { honoTarget } from '../audits/hono-target'
import { storeOf } from './audit-sets'

export {
  AbsoluteObject,
  CrowdedObject,
  ForgetfulObject,
  InlineObject,
  JobsObject,
  PendingObject,
  RedirectObject,
  StoppedObject,
} from './audit-sets'
export default honoTarget({ store: storeOf, lacks: ['queue-limit'], upgradeWebSocket })
