/** Settles as `work` does, at the latest after `ms` milliseconds: then it rejects with `late`, or resolves if there is none. */
export function within<T>(ms: number, work: Promise<T>, late?: string): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const over = () => (late ? reject(new Error(late)) : resolve(undefined))
    const timer = setTimeout(over, ms)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
