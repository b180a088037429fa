import { memoryStore } from '@respond-async/core'
import { upgradeWebSocket } from 'hono/cloudflare-workers'
import { honoTarget } from '../audits/hono-target'

export default honoTarget({ store: () => memoryStore(), lacks: ['queue-limit', 'stream'], upgradeWebSocket })
