import type { Feature } from '@respond-async/http-audits/target'
import { fetchIdentity, startWorkerd } from '../workerd'
import { auditTarget, type RunningTarget } from './targets'

const objects = {
  jobs: 'JobsObject',
  redirect: 'RedirectObject',
  inline: 'InlineObject',
  pending: 'PendingObject',
  absolute: 'AbsoluteObject',
  crowded: 'CrowdedObject',
  forgetful: 'ForgetfulObject',
  stopped: 'StoppedObject',
}

async function start(file: string, options = {}, ...lacks: Feature[]): Promise<RunningTarget> {
  const { url, close } = await startWorkerd(new URL(`../workers/${file}`, import.meta.url), options)
  return { url, close, fetch: fetchIdentity, path: '/jobs', lacks: ['queue-limit', ...lacks] }
}

auditTarget('itty-router on workerd, memory store', () => start('audits-memory.ts', {}, 'stream'))
auditTarget('itty-router on workerd, Durable Object store', () => start('audits-objects.ts', { objects }))
auditTarget('Hono on workerd, memory store', () => start('audits-hono-memory.ts', {}, 'stream'))
auditTarget('Hono on workerd, Durable Object store', () => start('audits-hono-objects.ts', { objects }))
