import { fetchIdentity, startWorkerd } from '../workerd'
import { auditTarget, type RunningTarget } from './targets'

const objects = {
  jobs: 'JobsObject',
  redirect: 'RedirectObject',
  inline: 'InlineObject',
  pending: 'PendingObject',
  absolute: 'AbsoluteObject',
  forgetful: 'ForgetfulObject',
  stopped: 'StoppedObject',
}

async function start(file: string, options = {}): Promise<RunningTarget> {
  const { url, close } = await startWorkerd(new URL(file, import.meta.url), options)
  return { url, close, fetch: fetchIdentity, path: '/jobs', lacks: ['queue-limit'] }
}

auditTarget('itty-router on workerd, memory store', () => start('workers-memory.ts'))
auditTarget('itty-router on workerd, Durable Object store', () => start('workers-objects.ts', { objects }))
