import type { JobHandle } from '@respond-async/core'

/** Stands for a service that takes its time for each address. */
async function statusOf(address: string): Promise<'reachable' | 'unreachable'> {
  await scheduler.wait(200)
  return address.endsWith('.invalid') ? 'unreachable' : 'reachable'
}

/** Looks at one address after the other. Between two, progress is told and a cancellation heard. */
export async function checkLinks(addresses: readonly string[], job: Pick<JobHandle, 'progress' | 'signal'>) {
  const found: Record<string, string> = {}
  for (const [index, address] of addresses.entries()) {
    job.signal.throwIfAborted()
    found[address] = await statusOf(address)
    await job.progress((100 * (index + 1)) / addresses.length, address)
  }
  return found
}
