/** The job that is watched: it waits for `POST /begin`, reports a hundred steps at a steady pace, and ends. */
const STEPS = 100
/** Between two steps, in milliseconds: a thousand events take less than that. */
const PAUSE_MS = 30

let begin = () => {}
let begun = new Promise<void>((resolve) => {
  begin = resolve
})

/** Releases all waiting jobs; later ones wait for the next call. */
export function beginAll(): void {
  begin()
  begun = new Promise((resolve) => {
    begin = resolve
  })
}

/** The message is the time at which it was sent, in epoch milliseconds, so that a watcher can tell how late it came. */
export async function pacedWork(progress: (percentComplete: number, message: string) => unknown): Promise<object> {
  await begun
  for (let step = 1; step <= STEPS; step++) {
    await progress((100 * step) / STEPS, (performance.timeOrigin + performance.now()).toFixed(3))
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  return { made: true }
}
