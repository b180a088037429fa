import type { JobHandle } from '@respond-async/core'

export function countWords(text: string): { words: number; most: string | null } {
  const counts = new Map<string, number>()
  for (const [word] of text.toLowerCase().matchAll(/\p{L}+/gu)) counts.set(word, (counts.get(word) ?? 0) + 1)
  const [most] = [...counts].sort((a, b) => b[1] - a[1])
  return { words: [...counts.values()].reduce((sum, count) => sum + count, 0), most: most?.[0] ?? null }
}

/** Stands in for a slow service that knows the readings of a day. */
async function readingsOf(day: number): Promise<number[]> {
  await scheduler.wait(100)
  return Array.from({ length: 24 }, (_, hour) => 12 + ((day * 7 + hour * 5) % 17))
}

/** Asks for one day after the other. After each it reports progress, and stops if the job was canceled. */
export async function climateOf(days: number, job: Pick<JobHandle, 'progress' | 'signal'>) {
  const maxima: number[] = []
  for (let day = 1; day <= days; day++) {
    maxima.push(Math.max(...(await readingsOf(day))))
    await job.progress((100 * day) / days, `day ${day} of ${days}`)
    job.signal.throwIfAborted()
  }
  return { days, warmest: Math.max(...maxima), mean: Math.round((10 * maxima.reduce((sum, one) => sum + one, 0)) / days) / 10 }
}
