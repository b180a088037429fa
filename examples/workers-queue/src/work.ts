import type { JobHandle } from '@respond-async/core'

/** Stands in for a service that takes a while for each address. */
async function statusOf(address: string): Promise<'reachable' | 'unreachable'> {
  await scheduler.wait(200)
  return address.endsWith('.invalid') ? 'unreachable' : 'reachable'
}

/** Checks one address after the other. After each it reports progress, and stops if the job was canceled. */
export async function checkLinks(addresses: readonly string[], job: Pick<JobHandle, 'progress' | 'signal'>) {
  const found: Record<string, string> = {}
  for (const [index, address] of addresses.entries()) {
    job.signal.throwIfAborted()
    found[address] = await statusOf(address)
    await job.progress((100 * (index + 1)) / addresses.length, address)
  }
  return found
}
