import { useEffect, useRef } from 'preact/hooks'
import { type Beat, beat, type Pulse } from './pulse'

/** Looks at the server as long as the component is there; gives a way to look again now. Another component is another `key`. */
export function useBeat(look: () => Promise<void>, everyMs: number, onPulse: (pulse: Pulse) => void): () => void {
  const running = useRef<Beat>(null)
  // What is asked for next is what was rendered last.
  const latest = useRef({ look, onPulse })
  latest.current = { look, onPulse }
  useEffect(() => {
    const made = beat(
      () => latest.current.look(),
      everyMs,
      (pulse) => latest.current.onPulse(pulse),
    )
    running.current = made
    const again = () => made.now()
    window.addEventListener('look-again', again)
    return () => {
      window.removeEventListener('look-again', again)
      made.stop()
    }
  }, [everyMs])
  return () => running.current?.now()
}
