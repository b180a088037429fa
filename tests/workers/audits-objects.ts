import { auditRouter } from './audit-router'
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
export default auditRouter(storeOf)
