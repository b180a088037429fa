import { onWorkers } from './settings'
import { unrefTimer } from './time'

/** How often responses that are still being written are checked, in milliseconds. */
const BEAT_MS = 100

interface Beating {
  beat(): void
}

/**
 * All bodies that are being written in this process. They share one timer, which runs while there are any, so that a short body costs
 * no more than an entry in a set.
 */
const beating = new Set<Beating>()
let timer: ReturnType<typeof setTimeout> | undefined

function tick(): void {
  timer = undefined
  for (const one of beating) one.beat()
  wind()
}

function wind(): void {
  if (timer || beating.size === 0) return
  timer = unrefTimer(BEAT_MS, tick)
}

/** Calls `beat` every 100 ms until the returned function is called; the first time after 100 to 200 ms. */
export function everyBeat(one: Beating): () => void {
  // On Workers a timer belongs to the request that set it, and may not touch what other requests write.
  if (onWorkers()) {
    const own = setInterval(() => one.beat(), BEAT_MS)
    return () => clearInterval(own)
  }
  let isFirst = true
  let still: Beating | undefined = one
  const entry = {
    beat() {
      if (!isFirst) still?.beat()
      isFirst = false
    },
  }
  beating.add(entry)
  wind()
  return () => {
    beating.delete(entry)
    still = undefined // old tables of the set may keep the entry alive, see ById
  }
}
