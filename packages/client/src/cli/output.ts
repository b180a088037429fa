import { createWriteStream } from 'node:fs'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** Writes a result as it comes: to a file, or to stdout. */
export async function writeResult(response: Response, file: string | undefined): Promise<void> {
  const target = file === undefined ? stdout() : createWriteStream(file)
  // Node's stream of the web and the browser's are one at run time, two in their types.
  const body = response.body ? Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]) : Readable.from([])
  await pipeline(body, target)
  if (file === undefined && process.stdout.isTTY) process.stdout.write('\n')
}

/** stdout, which must not be closed. Whoever reads it may leave before the end: `| head`. */
function stdout(): Writable {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  return new Writable({
    write(chunk, _encoding, done) {
      process.stdout.write(chunk, () => done())
    },
  })
}
