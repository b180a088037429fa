import { memoryStore } from '@respond-async/core'
import { auditRouter } from './workers-target'

export default auditRouter(() => memoryStore())
