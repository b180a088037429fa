import { constants, createWriteStream } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { dirname, sep } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { UsageError } from './arguments'

/** Checks before the job runs whether its result can be saved. The file is left unchanged until there is a result. */
export async function checkOutput(file: string): Promise<void> {
  try {
    const known = await stat(file).catch((error) => {
      // One that is to be made has a name of its own, in a folder.
      if (error.code !== 'ENOENT' || file === '' || file.endsWith('/') || file.endsWith(sep)) throw error
    })
    if (known?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
    await access(known ? file : dirname(file), constants.W_OK)
  } catch (error) {
    throw new UsageError(`${file || 'A file without a name'} cannot be written (${(error as NodeJS.ErrnoException).code}).`)
  }
}

/** The result could not be written, as on a full disk. */
export class OutputError extends Error {}

/** Writes a line to stdout. @throws {OutputError} */
export const writeLine = (text: string): Promise<void> => write(Readable.from([`${text}\n`]), undefined, 'It')

/**
 * Writes a result as it arrives, to a file or to stdout, whose reader may leave before the end, as with `| head`.
 *
 * @throws {OutputError}
 */
export async function writeResult(response: Response, file: string | undefined): Promise<void> {
  // Web streams of Node and of the DOM differ only in their types.
  const body = response.body ? Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]) : Readable.from([])
  await write(body, file, 'The result')
  if (file === undefined && process.stdout.isTTY) process.stdout.write('\n')
}

async function write(body: Readable, file: string | undefined, what: string): Promise<void> {
  try {
    await pipeline(body, file === undefined ? stdout() : createWriteStream(file))
  } catch (error) {
    const { syscall, code } = error as NodeJS.ErrnoException
    if (syscall === undefined) throw error // an error of the connection, wrapped by fetch
    if (code === 'EPIPE' && file === undefined) return
    throw new OutputError(`${file ?? what} could not be written (${code}).`)
  }
}

/** Writes to stdout without closing it. */
function stdout(): Writable {
  process.stdout.on('error', () => {}) // errors reach the callback of `write`
  return new Writable({
    write(chunk, _encoding, done) {
      process.stdout.write(chunk, done)
    },
  })
}
