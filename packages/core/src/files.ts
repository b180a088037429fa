import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type BlobStore, JobsError } from '@respond-async/core'

/**
 * Keeps large bodies in files: a directory for each job, in it a file for each chunk. For `createJobs` beside a store that holds no
 * large bodies itself. Every process that serves or runs these jobs must see the directory: one machine, or a shared file system.
 *
 * A chunk is there whole or not at all, also after a power cut: it is written under another name, synced, then renamed.
 *
 * @param directory made where it is missing, for this user alone
 */
export function fileBlobs(directory: string): BlobStore {
  if (typeof directory !== 'string' || directory === '')
    throw new JobsError('invalid_option', "fileBlobs: give it a directory, fileBlobs('/var/lib/app/bodies')")
  const root = resolve(directory) // the process may go to another one
  const homeOf = (id: string) => join(root, segmentOf(id))
  const fileOf = (name: string, index: number) => `${segmentOf(name)}.${index}`
  return {
    maxBodyBytes: null,
    async write(id, name, index, chunk) {
      const home = homeOf(id)
      const unfinished = join(home, `${fileOf(name, index)}.${randomUUID()}`)
      try {
        await mkdir(home, { recursive: true, mode: 0o700 }) // its name is the id of a job
        await writeSynced(unfinished, chunk)
        await rename(unfinished, join(home, fileOf(name, index)))
        await syncDirectory(home)
        if (index === 0) await syncDirectory(root) // the job's own directory may be new
      } catch (error) {
        await rm(unfinished, { force: true }).catch(() => {}) // what went wrong first is what is told
        throw meaningOf(error)
      }
    },
    async read(id, name, index) {
      try {
        const { buffer, byteOffset, length } = await readFile(join(homeOf(id), fileOf(name, index)))
        return new Uint8Array(buffer, byteOffset, length)
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return null
        throw error
      }
    },
    async remove(id, keep) {
      const home = homeOf(id)
      // Again where somebody has written meanwhile: a directory that is not empty stays.
      if (keep === undefined) return rm(home, { recursive: true, force: true, maxRetries: 50, retryDelay: 1 })
      const kept = `${segmentOf(keep)}.`
      for (const file of await filesIn(home)) if (!file.startsWith(kept)) await rm(join(home, file), { force: true })
    },
  }
}

/**
 * A name for a file or a directory that is no other one's, on whatever file system: some know no upper case, some drop dots at the
 * end, all of them know `..`. What core makes is used as it is.
 */
const segmentOf = (text: string): string =>
  /^[a-z\d_-]{1,128}$/.test(text) ? text : `~${createHash('sha256').update(JSON.stringify(text)).digest('hex')}`

async function writeSynced(path: string, chunk: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(chunk)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** Makes a rename last. Windows has no such thing, and needs none. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

async function filesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

const codeOf = (error: unknown) => (Object(error) as NodeJS.ErrnoException).code // whatever was thrown

function meaningOf(error: unknown): unknown {
  if (!['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '')) return error
  return new JobsError('store_full', 'The disk that bodies are kept on is full.', { cause: error })
}
