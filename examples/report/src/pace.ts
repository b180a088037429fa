export interface PaceOptions {
  /** Stops the work between two chunks; its reason is thrown. */
  signal?: AbortSignal | undefined
  /** Hears how far the work is, in whole percent that never fall, and what was just done. Awaited, so a slow listener slows the work. */
  onProgress?: ((percent: number, message: string) => void | Promise<void>) | undefined
}

/** Lets long work be watched, stopped and interrupted by other work of the same thread. */
export interface Pace {
  /** Tells the progress, then breathes. */
  report(percent: number, message: string): Promise<void>
  /** Gives the event loop a turn: requests are answered, an abort is heard. */
  breathe(): Promise<void>
}

export const createPace = ({ signal, onProgress }: PaceOptions): Pace => {
  let reached = 0

  const breathe = async () => {
    signal?.throwIfAborted()
    // A timer, not a promise: microtasks would run on without ever letting a request in.
    await new Promise<void>((resolve) => setTimeout(resolve, 0))
    signal?.throwIfAborted()
  }

  const report = async (percent: number, message: string) => {
    signal?.throwIfAborted()
    reached = Math.max(reached, Math.min(100, Math.floor(percent)))
    await onProgress?.(reached, message)
    await breathe()
  }

  return { report, breathe }
}
