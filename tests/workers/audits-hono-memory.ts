import { memoryStore } from '@respond-async/core'
import { honoTarget } from '../audits/hono-target'

export default honoTarget({ store: () => memoryStore(), lacks: ['queue-limit', 'stream'] })
