import { memoryStore } from '@respond-async/core'
import { auditRouter } from './audit-router'

export default auditRouter(() => memoryStore(), 'stream')
